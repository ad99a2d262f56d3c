// What model files say of themselves: GGUF's keys and the members of config.json, read by one set of
// functions. A setting has a name in each of the two kinds of files.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "model/dialect.h"

namespace shoal {

// Empty: that kind of files does not say it. GGUF's lacks the architecture's prefix; members of members are
// joined by dots, "rope_scaling.factor".
struct SettingName {
  std::string_view gguf;
  std::string_view hugging_face;
};

// Objects, and what else is no setting, are std::monostate.
using SettingValue = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<int64_t>,
                                  std::vector<double>, std::vector<std::string>>;

// One kind of files.
class SettingSource {
 public:
  virtual ~SettingSource() = default;
  virtual Dialect dialect() const = 0;
  // As the file names it, for people.
  virtual std::string full_name(std::string_view name) const = 0;
  // nullopt where the file does not have it, or says null.
  virtual std::optional<SettingValue> find(std::string_view name) const = 0;
};

// What transformers takes for a member that config.json lacks; a truth value is 0 or 1.
struct SettingDefault {
  std::string_view hugging_face;
  double value;
};

// The first error is kept and ends the reading: what is read after it does not matter.
class Settings {
 public:
  Settings(const SettingSource& source, std::span<const SettingDefault> defaults)
      : source_(source), defaults_(defaults) {}

  Dialect dialect() const { return source_.dialect(); }
  // As the files name it, for people.
  std::string full_name(const SettingName& name) const { return source_.full_name(name_of(name)); }

  bool has(const SettingName& name) { return find(name).has_value(); }
  // corrupt_data where it is missing or of another kind. A number may be an integer.
  int64_t integer(const SettingName& name);
  double number(const SettingName& name);
  // The same, but for a value of another kind only.
  int64_t integer_or(const SettingName& name, int64_t fallback);
  double number_or(const SettingName& name, double fallback);
  bool boolean_or(const SettingName& name, bool fallback);
  std::string text_or(const SettingName& name, std::string fallback);
  // Empty where it is missing.
  std::vector<int64_t> integers(const SettingName& name);
  std::vector<double> numbers(const SettingName& name);
  std::vector<std::string> texts(const SettingName& name);
  // An integer that GGUF may give once for each layer; it must be the same for all.
  int64_t integer_of_all_layers(const SettingName& name, int64_t fallback);

  bool is_list(const SettingName& name);
  // Whether it is an object.
  bool is_section(const SettingName& name);

  // Whether anybody has asked for it.
  bool was_read(const SettingName& name) const { return read_.contains(name_of(name)); }
  // Whether the files do not say it, or say null, false, 0, nothing in a list, or this number. Asks without
  // reading.
  bool is_neutral(const SettingName& name, double neutral) const;

  // invalid_argument: a variant that is not supported. corrupt_data: what makes no sense.
  void refuse(std::string message) { keep({ErrorCode::invalid_argument, std::move(message)}); }
  void note(std::string message) { keep({ErrorCode::corrupt_data, std::move(message)}); }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::string_view name_of(const SettingName& name) const {
    return dialect() == Dialect::gguf ? name.gguf : name.hugging_face;
  }
  std::optional<SettingValue> find(const SettingName& name);
  std::optional<SettingValue> require(const SettingName& name);
  template <class T>
  std::optional<T> convert(const SettingName& name, const std::optional<SettingValue>& value);
  void keep(Error error) {
    if (!error_) error_ = std::move(error);
  }

  const SettingSource& source_;
  std::span<const SettingDefault> defaults_;
  std::set<std::string, std::less<>> read_;
  std::optional<Error> error_;
};

}  // namespace shoal
