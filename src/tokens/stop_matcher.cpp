#include "tokens/stop_matcher.h"

#include <algorithm>
#include <deque>

namespace shoal {

StopMatcher::StopMatcher(const std::vector<std::string>& strings) : nodes_(1) {
  for (const std::string& string : strings) {
    int32_t state = 0;
    for (const char byte : string) {
      const auto [child, inserted] =
          nodes_[state].next.try_emplace(byte, static_cast<int32_t>(nodes_.size()));
      const int32_t next = child->second;
      if (inserted) {
        Node node;
        node.depth = nodes_[state].depth + 1;
        nodes_.push_back(std::move(node));
      }
      state = next;
    }
    nodes_[state].ends = nodes_[state].depth;
  }

  // Goes breadth first: a node's fallback is shorter, so it is complete before the node itself.
  std::deque<int32_t> queue = {0};
  while (!queue.empty()) {
    const int32_t state = queue.front();
    queue.pop_front();
    for (const auto& [byte, child] : nodes_[state].next) {
      if (state != 0) nodes_[child].fallback = follow(nodes_[state].fallback, byte);
      nodes_[child].ends = std::max(nodes_[child].ends, nodes_[nodes_[child].fallback].ends);
      queue.push_back(child);
    }
  }
}

int32_t StopMatcher::follow(int32_t state, char byte) const {
  while (true) {
    const auto child = nodes_[state].next.find(byte);
    if (child != nodes_[state].next.end()) return child->second;
    if (state == 0) return 0;
    state = nodes_[state].fallback;
  }
}

int64_t StopMatcher::add(char byte) {
  state_ = follow(state_, byte);
  return nodes_[state_].ends;
}

}  // namespace shoal
