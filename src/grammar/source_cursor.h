// Walks through the source of a grammar or a pattern. The first error is kept with its place; from then on
// the cursor is at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal {

class SourceCursor {
 public:
  explicit SourceCursor(std::string_view source) : source_(source) {}

  struct Wrong {
    std::string what;
    size_t at;
  };
  const std::optional<Wrong>& wrong() const { return wrong_; }
  void reject(std::string_view what);

  std::string_view source() const { return source_; }
  size_t at() const { return at_; }
  void go_to(size_t at) { at_ = at; }
  std::string_view since(size_t begin) const { return source_.substr(begin, at_ - begin); }

  bool is_at_end() const { return wrong_ || at_ >= source_.size(); }
  char peek() const { return is_at_end() ? '\0' : source_[at_]; }  // '\0' at the end
  bool is_at_digit() const { return peek() >= '0' && peek() <= '9'; }
  bool is_at(std::string_view text) const { return !is_at_end() && source_.substr(at_).starts_with(text); }
  // Whether a "-" in a class of characters stands for a range, not for itself.
  bool is_at_range() const { return peek() == '-' && at_ + 1 < source_.size() && source_[at_ + 1] != ']'; }
  void skip() { ++at_; }
  bool take(std::string_view text);
  char32_t take_character();
  int64_t take_count();
  char32_t take_hex_digit();

 private:
  std::string_view source_;
  size_t at_ = 0;
  std::optional<Wrong> wrong_;
};

}  // namespace shoal
