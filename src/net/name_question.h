// "Is a node of this name here already?", as one JSON datagram. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace shoal {

struct NameQuestion {
  NodeId node;
  uint64_t incarnation;  // of the node that asks

  bool operator==(const NameQuestion&) const = default;
};

std::string format_name_question(const NameQuestion& question);
// nullopt when the datagram is no such question.
std::optional<NameQuestion> parse_name_question(std::string_view datagram);

}  // namespace shoal
