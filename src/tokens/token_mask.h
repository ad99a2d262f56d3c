// Which tokens of a vocabulary are allowed: one bit each.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"

namespace shoal {

class TokenMask {
 public:
  explicit TokenMask(int64_t vocabulary_size) : words_(static_cast<size_t>((vocabulary_size + 63) / 64)) {}

  void allow(TokenId token) { words_[static_cast<size_t>(token) / 64] |= uint64_t{1} << (token % 64); }
  void allow(const TokenMask& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  bool allows(TokenId token) const {
    const size_t word = static_cast<size_t>(token) / 64;
    return token >= 0 && word < words_.size() && (words_[word] >> (token % 64) & 1) != 0;
  }
  int64_t count() const {
    int64_t count = 0;
    for (const uint64_t word : words_) count += std::popcount(word);
    return count;
  }
  // Token t is bit t % 64 of word t / 64.
  std::span<const uint64_t> words() const { return words_; }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace shoal
