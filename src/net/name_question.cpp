#include "net/name_question.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "net/wire_checks.h"

namespace shoal {
namespace {

using nlohmann::json;
constexpr std::string_view type = "shoal-name";

}  // namespace

std::string format_name_question(const NameQuestion& question) {
  const json datagram = {{"type", type},
                         {"node_id", question.node},
                         {"incarnation", fmt::format("{:016x}", question.incarnation)}};
  return datagram.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<NameQuestion> parse_name_question(std::string_view datagram) {
  const json parsed = json::parse(datagram, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  const auto text = [&](const char* field) {
    const auto found = parsed.find(field);
    return found != parsed.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string incarnation = text("incarnation");
  NameQuestion question{.node = text("node_id"), .incarnation = 0};
  const char* end = incarnation.data() + incarnation.size();
  const auto [stopped, error] = std::from_chars(incarnation.data(), end, question.incarnation, 16);
  const bool is_number = error == std::errc() && stopped == end;
  if (text("type") != type || !is_number || !check_node_id(question.node)) return std::nullopt;
  return question;
}

}  // namespace shoal
