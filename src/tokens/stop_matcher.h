// Finds the first of several strings in a text that comes byte by byte, in constant time for each byte
// (Aho-Corasick).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace shoal {

class StopMatcher {
 public:
  explicit StopMatcher(const std::vector<std::string>& strings);

  // Takes the next byte. Returns the length of the longest string that ends with it, 0 for none.
  int64_t add(char byte);

  // Forgets the bytes so far.
  void reset() { state_ = 0; }

  // How many of the last bytes may begin one of the strings.
  int64_t pending() const { return nodes_[state_].depth; }

 private:
  struct Node {
    std::map<char, int32_t> next;
    int32_t fallback = 0;  // the node of the longest proper suffix that is also a beginning
    int32_t depth = 0;
    int32_t ends = 0;  // the length of the longest string that ends here
  };
  int32_t follow(int32_t state, char byte) const;

  std::vector<Node> nodes_;
  int32_t state_ = 0;
};

}  // namespace shoal
