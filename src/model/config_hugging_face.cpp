#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "files/python_json.h"
#include "model/architecture.h"
#include "model/config_draft.h"
#include "model/config_reader.h"

namespace shoal {
namespace {

using Json = nlohmann::json;

SettingValue number_of(const Json& json) {
  if (json.is_number_float()) return json.get<double>();
  const bool fits = !json.is_number_unsigned() || json.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX);
  if (fits) return json.get<int64_t>();
  return json.get<double>();
}

// Truth values of a list are 0 and 1.
SettingValue list_of(const Json& json) {
  const auto all = [&](auto is_kind) { return std::all_of(json.begin(), json.end(), is_kind); };
  if (all([](const Json& each) { return each.is_string(); })) return json.get<std::vector<std::string>>();
  if (all([](const Json& each) { return each.is_boolean() || each.is_number_integer(); })) {
    std::vector<int64_t> numbers;
    for (const Json& each : json)
      numbers.push_back(each.is_boolean() ? int64_t{each.get<bool>()} : each.get<int64_t>());
    return numbers;
  }
  if (all([](const Json& each) { return each.is_number(); })) return json.get<std::vector<double>>();
  return std::monostate();
}

SettingValue setting_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number()) return number_of(json);
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) return list_of(json);
  return std::monostate();
}

// The member of members that a name with dots leads to; nullptr where there is none, or null.
const Json* find_member(const Json& object, std::string_view name) {
  const Json* found = &object;
  while (true) {
    if (!found->is_object()) return nullptr;
    const size_t dot = name.find('.');
    const auto member = found->find(name.substr(0, dot));
    if (member == found->end() || member->is_null()) return nullptr;
    found = &*member;
    if (dot == std::string_view::npos) return found;
    name.remove_prefix(dot + 1);
  }
}

// config.json; of a model of several kinds of input what is said of its text, then what is said of all.
class JsonMembers final : public SettingSource {
 public:
  explicit JsonMembers(const Json& document) : document_(document) {
    const Json* text = find_member(document, "text_config");
    if (text != nullptr && text->is_object()) text_ = text;
  }

  Dialect dialect() const override { return Dialect::hugging_face; }
  std::string full_name(std::string_view name) const override { return std::string(name); }
  std::optional<SettingValue> find(std::string_view name) const override {
    const Json* found = text_ == nullptr ? nullptr : find_member(*text_, name);
    if (found == nullptr) found = find_member(document_, name);
    const bool is_nothing = found == nullptr || (found->is_array() && found->empty());
    return is_nothing ? std::nullopt : std::optional(setting_of(*found));
  }

 private:
  const Json& document_;
  const Json* text_ = nullptr;
};

Result<ModelConfig> read_members(const JsonMembers& members) {
  Settings names(members, {});
  const std::string name = names.text_or({"", "model_type"}, "");
  const Architecture* architecture = find_architecture(name);
  if (architecture == nullptr) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("the model_type '{}' is not supported; supported are {}", name, architecture_names()));
  }
  Settings settings(members, architecture->hugging_face_defaults);
  ConfigDraft draft = read_draft(settings, *architecture);
  draft.config.architecture = name;
  draft.config.vocabulary_size = settings.integer({"", "vocab_size"});
  draft.config.tied_embeddings = settings.boolean_or({"", "tie_word_embeddings"}, false);
  if (settings.error()) return fail(*settings.error());
  return finish_config(std::move(draft));
}

}  // namespace

Result<ModelConfig> read_hugging_face_config(std::string_view json) {
  const Json document = Json::parse(plain_json(json), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return fail(ErrorCode::corrupt_data, "config.json is not a JSON object");
  auto config = read_members(JsonMembers(document));
  if (!config) return fail(config.error(), "config.json");
  return config;
}

}  // namespace shoal
