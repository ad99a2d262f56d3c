// Members of the JSON that a node answers with, whatever it is: what is not there, or is something else, is
// empty.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace shoal {

nlohmann::json parse_node_json(std::string_view text);  // discarded: it is no JSON
std::string text_at(const nlohmann::json& object, const char* name);
int64_t integer_at(const nlohmann::json& object, const char* name);
// Of {"error": {"message", "code"}}, as it stands in a stream or a response.
std::string error_message(const nlohmann::json& answer);

}  // namespace shoal
