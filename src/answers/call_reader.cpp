#include "answers/call_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "answers/header_call_reader.h"
#include "answers/json_call_reader.h"
#include "answers/python_call_reader.h"
#include "answers/tag_call_reader.h"

namespace shoal {
namespace {

struct ReaderMaker {
  const ToolSet& tools;

  std::unique_ptr<CallReader> operator()(const JsonNotation& notation) const {
    return std::make_unique<JsonCallReader>(notation, tools);
  }
  std::unique_ptr<CallReader> operator()(const HeaderNotation& notation) const {
    return std::make_unique<HeaderCallReader>(notation);
  }
  std::unique_ptr<CallReader> operator()(const TagNotation& notation) const {
    return std::make_unique<TagCallReader>(notation, tools);
  }
  std::unique_ptr<CallReader> operator()(const PythonNotation& notation) const {
    return std::make_unique<PythonCallReader>(notation, tools);
  }
};

}  // namespace

std::unique_ptr<CallReader> make_call_reader(const CallNotation& notation, const ToolSet& tools) {
  return std::visit(ReaderMaker{tools}, notation);
}

std::vector<std::string> value_ends_of(const TagNotation& notation) {
  std::vector<std::string> ends;
  if (notation.has_lines) ends.push_back(fmt::format("\n{}", notation.before_key));
  if (!notation.before_value.empty()) ends.emplace_back(notation.before_key);
  ends.push_back(fmt::format("{}{}", notation.after_call, notation.after_section));
  if (!notation.after_section.empty())
    ends.push_back(fmt::format("{}\n{}", notation.after_call, notation.after_section));
  return ends;
}

bool is_call_name(std::string_view name) {
  constexpr size_t maximum_name_bytes = 256;
  constexpr std::string_view never = "<>{}()[]\"'`\\,;=";
  return !name.empty() && name.size() <= maximum_name_bytes && std::ranges::all_of(name, [&](char byte) {
    return static_cast<unsigned char>(byte) > ' ' && byte != 0x7F &&
           never.find(byte) == std::string_view::npos;
  });
}

}  // namespace shoal
