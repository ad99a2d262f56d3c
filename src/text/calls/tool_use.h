// What a request says of its tools.
#pragma once

#include <cstdint>
#include <string>

namespace shoal {

// none: no call is made or looked for. required: there is to be a call, named: of this function.
enum class ToolChoice : uint8_t { none, automatic, required, named };

struct ToolUse {
  ToolChoice choice = ToolChoice::none;
  std::string function = {};  // where it is named
  bool is_parallel = true;    // several calls in one answer
  // The tools as JSON, in the shape that ToolSet takes, where the answer is held to them or ends behind its
  // first call; else empty.
  std::string functions = {};

  bool operator==(const ToolUse&) const = default;
};

}  // namespace shoal
