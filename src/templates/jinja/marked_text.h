// Text that remembers which of its bytes came from outside the template. A user's words never become special
// tokens, wherever filters and methods carry them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokens/tokenizer.h"

namespace shoal::jinja {

class MarkedText {
 public:
  MarkedText() = default;
  static MarkedText of_template(std::string bytes);
  static MarkedText of_input(std::string bytes);
  // For `bytes` computed from `source`, when it cannot be told which came from where: all are input if any of
  // `source` is.
  static MarkedText made_of(const MarkedText& source, std::string bytes);

  const std::string& bytes() const { return bytes_; }
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  bool empty() const { return bytes_.empty(); }
  // Ranges of bytes that came from input: ascending, not overlapping, not touching, none empty.
  const std::vector<TextRange>& input() const { return input_; }
  bool any_input() const { return !input_.empty(); }

  // Python's Markup: |safe or |escape made the text safe for HTML, so it escapes what is added to it.
  bool safe() const { return safe_; }
  void set_safe(bool safe) { safe_ = safe; }

  // append() leaves `safe` as it is; a slice has the whole's.
  void append(const MarkedText& other);
  void append(std::string_view template_text) { bytes_ += template_text; }
  MarkedText slice(int64_t begin, int64_t end) const;

  // Offsets in characters, as Python counts; one beyond the end is the end.
  int64_t character_count() const;
  int64_t byte_offset(int64_t character) const;

 private:
  std::string bytes_;
  std::vector<TextRange> input_;
  bool safe_ = false;
};

}  // namespace shoal::jinja
