// Walks through JSON without building a tree, for the vocabularies and merges of tokenizer.json, which take
// tens of megabytes. The caller checks ok() at the end; after an error every call is harmless and gives
// nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

class JsonCursor {
 public:
  // `json` must outlive the cursor.
  explicit JsonCursor(std::string_view json) : json_(json) {}

  // Use: `if (enter('{')) while (next_member(key)) …`, `if (enter('[')) while (next_item()) …`. Each value
  // must be read or skipped before the next member or item.
  bool enter(char bracket);
  bool next_member(std::string_view& key);
  bool next_item();

  // The string, unescaped. The view holds until the next call, or as long as the source if
  // is_in_source(text).
  std::string_view read_text();
  bool is_in_source(std::string_view text) const {
    return text.data() >= json_.data() && text.data() + text.size() <= json_.data() + json_.size();
  }
  int64_t read_integer();
  double read_number();
  // Steps over any value and returns its source text.
  std::string_view skip();
  // The first character of what comes next, for a value one of {["tfn- or a digit; 0 at the end.
  char peek();

  bool ok() const { return error_.empty(); }
  // corrupt_data with the byte offset of the first error.
  Error error() const;
  void reject(std::string_view message);

 private:
  void skip_space();
  void skip_scalar();

  std::string_view json_;
  size_t at_ = 0;
  bool first_ = false;  // just entered
  int depth_ = 0;
  std::string unescaped_;
  std::string error_;
  size_t error_at_ = 0;
};

}  // namespace shoal
