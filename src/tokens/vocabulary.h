// Token ids → the bytes they stand for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokens/tokenizer.h"

namespace shoal {

class Vocabulary {
 public:
  static constexpr int64_t maximum_size = 4 << 20;

  void reserve(int64_t count, int64_t bytes);

  // corrupt_data for an id below 0 or beyond the maximum, or one set before with other bytes.
  Result<void> set(TokenId id, std::string_view bytes);
  void mark_special(TokenId id);

  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  // Empty when there is no such token.
  std::string_view bytes(TokenId id) const;
  bool is_special(TokenId id) const;
  bool has(TokenId id) const;
  // The first token with these bytes. Looks through all of them.
  std::optional<TokenId> find(std::string_view bytes) const;

 private:
  struct Entry {
    uint32_t begin = 0;
    uint32_t length = 0;
    bool present = false;
    bool special = false;
  };
  std::string arena_;
  std::vector<Entry> entries_;
};

}  // namespace shoal
