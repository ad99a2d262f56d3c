// The names of things that cross module and machine borders.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace shoal {

using TokenId = int32_t;

// Chosen by the user (--node-id) or drawn at random; unique in a cluster.
using NodeId = std::string;

// Orders the messages about an instance; a message with a lower epoch than the known one is dropped.
struct Epoch {
  uint64_t counter = 0;
  NodeId proposer;

  auto operator<=>(const Epoch&) const = default;
};

// A model loaded over some nodes. There is one instance of a model, so it goes by the model's name.
using InstanceId = std::string;

// Drawn by the ingress, unique in a cluster.
using RequestId = std::string;

// `prefix` and 24 random hexadecimal digits.
std::string make_random_id(std::string_view prefix);

}  // namespace shoal
