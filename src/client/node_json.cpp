#include "client/node_json.h"

namespace shoal {

using nlohmann::json;

json parse_node_json(std::string_view text) { return json::parse(text, nullptr, /*allow_exceptions=*/false); }

std::string text_at(const json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

int64_t integer_at(const json& object, const char* name) {
  if (!object.is_object()) return 0;
  const auto member = object.find(name);
  return member != object.end() && member->is_number_integer() ? member->get<int64_t>() : 0;
}

std::string error_message(const json& answer) {
  return answer.is_object() && answer.contains("error") ? text_at(answer["error"], "message") : "";
}

}  // namespace shoal
