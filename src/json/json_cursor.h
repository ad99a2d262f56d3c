// Walks through JSON without building a tree: for the vocabularies and merges of tokenizer.json, which are
// tens of megabytes. Whoever walks checks ok() at the end; after an error every call is a harmless no.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

class JsonCursor {
 public:
  // `json` outlives this.
  explicit JsonCursor(std::string_view json) : json_(json) {}

  // `if (enter('{')) while (next_member(key)) …`, `if (enter('[')) while (next_item()) …`. Each value must be
  // read or skipped before the next.
  bool enter(char bracket);
  bool next_member(std::string_view& key);
  bool next_item();

  // The string, unescaped; it holds until the next call, and for good if it is in the source.
  std::string_view read_text();
  bool is_in_source(std::string_view text) const {
    return text.data() >= json_.data() && text.data() + text.size() <= json_.data() + json_.size();
  }
  int64_t read_integer();
  double read_number();
  // Steps over any value and gives its source.
  std::string_view skip();
  // What the next value starts with: one of {["tfn- or a digit; 0 at the end.
  char peek();

  bool ok() const { return error_.empty(); }
  // corrupt_data with the byte offset.
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
