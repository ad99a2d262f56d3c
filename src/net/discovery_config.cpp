#include "net/discovery_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace shoal {
namespace {

using nlohmann::json;
using Path = std::vector<std::string>;

// Walks the text for the parser and notes in `furthest` how far that has read, so that the places of keys can
// be found.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** furthest;

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    ++at;
    *furthest = std::max(*furthest, at);
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

struct Field {
  json value;     // empty for an object or a list
  size_t offset;  // of its name, in bytes from the start of the text
};

// Collects every value of the file by its path, and the keys in their order. What lies in a list is passed
// over, because no field of ours does.
class FieldCollector final : public json::json_sax_t {
 public:
  FieldCollector(const char* begin, const char** furthest) : begin_(begin), furthest_(furthest) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(value); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(size_t) override {
    if (!add(json::object())) return false;
    open_.push_back(false);
    path_.emplace_back();
    return path_.size() <= depth_limit || complain("nested too deeply");
  }
  bool key(std::string& name) override {
    path_.back() = name;
    key_offset_ = opening_quote();
    if (open_lists_ > 0) return true;
    if (fields.contains(path_)) return complain("stands twice in the file");
    keys.push_back(path_);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(size_t) override {
    if (!add(json::array())) return false;
    open_.push_back(true);
    ++open_lists_;
    path_.emplace_back("[]");
    return path_.size() <= depth_limit || complain("nested too deeply");
  }
  bool end_array() override { return close(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    const std::string_view what =
        error.what();  // "[json.exception.parse_error.101] parse error at …: the reason"
    const size_t reason = what.find(": ");
    problem = reason == std::string_view::npos ? what : what.substr(reason + 2);
    problem_offset = std::max<size_t>(position, 1) - 1;
    return false;
  }

  std::map<Path, Field> fields;
  std::vector<Path> keys;
  std::string problem;
  size_t problem_offset = 0;

 private:
  static constexpr size_t depth_limit = 16;

  // The offset of the string that the parser has just read to its end.
  size_t opening_quote() const {
    const char* at = *furthest_ - 2;
    auto is_escaped = [&](const char* quote) {
      const char* before = quote;
      while (before > begin_ && before[-1] == '\\') --before;
      return (quote - before) % 2 == 1;
    };
    while (at > begin_ && (*at != '"' || is_escaped(at))) --at;
    return static_cast<size_t>(std::max(at, begin_) - begin_);
  }
  bool add(json value) {
    if (open_lists_ == 0) fields.emplace(path_, Field{std::move(value), key_offset_});
    return true;
  }
  bool close() {
    path_.pop_back();
    if (open_.back()) --open_lists_;
    open_.pop_back();
    return true;
  }
  bool complain(std::string_view what) {
    problem = fmt::format("{}: {}", fmt::join(path_, "."), what);
    problem_offset = key_offset_;
    return false;
  }

  const char* begin_;
  const char** furthest_;
  size_t key_offset_ = 0;  // of the last key
  Path path_;
  std::vector<bool> open_;  // for each open level, whether it is a list
  int64_t open_lists_ = 0;
};

class ConfigReader {
 public:
  ConfigReader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  Result<std::vector<PeerCandidate>> read() {
    const char* furthest = text_.data();
    FieldCollector collector(text_.data(), &furthest);
    const char* end = text_.data() + text_.size();
    if (!json::sax_parse(CountingIterator{text_.data(), &furthest}, CountingIterator{end, &furthest},
                         &collector)) {
      return fail(ErrorCode::invalid_argument, at(collector.problem_offset) + collector.problem);
    }
    fields_ = std::move(collector.fields);
    check({"peers"}, "an object", required, [](const json& value) { return value.is_object(); });
    std::vector<PeerCandidate> peers;
    for (const Path& key : collector.keys) {
      if (key.size() == 2 && key[0] == "peers") peers.push_back(read_peer(key[1]));
    }
    if (error_) return fail(*error_);
    return peers;
  }

 private:
  static constexpr bool required = true;
  static constexpr bool optional = false;

  // "discovery.json:3:14: "
  std::string at(size_t offset) const {
    const std::string_view before = text_.substr(0, offset);
    const auto line = std::ranges::count(before, '\n') + 1;
    const size_t column =
        before.size() - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
    return fmt::format("{}:{}:{}: ", name_, line, column);
  }

  // The offset of this field or, when it is missing, of the nearest one around it.
  size_t offset_of(Path path) const {
    while (!fields_.contains(path) && !path.empty()) path.pop_back();
    const auto found = fields_.find(path);
    return found == fields_.end() ? 0 : found->second.offset;
  }

  template <class Holds>
  const json* check(const Path& path, std::string_view expected, bool is_required, Holds holds) {
    const auto found = fields_.find(path);
    if (found == fields_.end() && !is_required) return nullptr;
    if (found != fields_.end() && holds(found->second.value)) return &found->second.value;
    if (!error_) {
      const std::string got = found == fields_.end()
                                  ? "missing"
                                  : found->second.value.dump(-1, ' ', true, json::error_handler_t::replace);
      error_ = Error{ErrorCode::invalid_argument, fmt::format("{}{}: {}, must be {}", at(offset_of(path)),
                                                              fmt::join(path, "."), got, expected)};
    }
    return nullptr;
  }

  std::string text_field(const Path& path) {
    const json* value =
        check(path, "a string", optional, [](const json& field) { return field.is_string(); });
    return value == nullptr ? "" : value->get<std::string>();
  }
  double number_field(const Path& path) {
    const json* value = check(path, "a number from 0 on", optional, [](const json& field) {
      return field.is_number() && field.get<double>() >= 0;
    });
    return value == nullptr ? 0 : value->get<double>();
  }

  PeerCandidate read_peer(const std::string& node) {
    const Path path = {"peers", node};
    auto below = [&](std::initializer_list<std::string> names) {
      Path result = path;
      result.insert(result.end(), names);
      return result;
    };
    check(path, "an object with address and port", required,
          [&](const json& value) { return !node.empty() && value.is_object(); });
    const json* address =
        check(below({"address"}), "an address or host name, for example \"10.0.0.2\"", required,
              [](const json& value) {
                return value.is_string() && !value.get_ref<const std::string&>().empty() &&
                       value.get_ref<const std::string&>().find_first_of(" \t/[]") == std::string::npos;
              });
    const json* port = check(below({"port"}), "a port from 1 to 65535", required, [](const json& value) {
      return value.is_number_integer() && value >= 1 && value <= 65535;
    });
    check(below({"device_capabilities"}), "an object", optional,
          [](const json& value) { return value.is_object(); });
    constexpr double megabyte = 1 << 20;
    constexpr double largest_memory = 1e12;
    const double memory = number_field(below({"device_capabilities", "memory"}));
    DeviceReport device{};
    device.device_model = text_field(below({"device_capabilities", "model"}));
    device.chip = text_field(below({"device_capabilities", "chip"}));
    device.memory_bytes = static_cast<int64_t>(std::min(memory, largest_memory) * megabyte);
    device.flops_fp32 = number_field(below({"device_capabilities", "flops", "fp32"}));
    device.flops_fp16 = number_field(below({"device_capabilities", "flops", "fp16"}));
    device.flops_int8 = number_field(below({"device_capabilities", "flops", "int8"}));
    return {.node = node,
            .address = address == nullptr ? "" : address->get<std::string>(),
            .port = port == nullptr ? 0 : port->get<int32_t>(),
            .description = "MAN",
            .declared = std::move(device),
            .priority = 0};
  }

  std::string_view text_;
  std::string_view name_;
  std::map<Path, Field> fields_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<PeerCandidate>> parse_discovery_config(std::string_view text, std::string_view name) {
  return ConfigReader(text, name).read();
}

}  // namespace shoal
