#include "json/json_cursor.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "base/utf8.h"

namespace shoal {
namespace {

constexpr int maximum_depth = 256;

bool is_json_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }

// The end of the run of characters from `at` on that need no unescaping, found eight at a time.
size_t skip_plain(std::string_view json, size_t at) {
  constexpr uint64_t ones = 0x0101010101010101u;
  constexpr uint64_t highs = 0x8080808080808080u;
  const auto has_zero = [](uint64_t word) { return (word - ones) & ~word & highs; };
  while (at + 8 <= json.size()) {
    uint64_t word;
    std::memcpy(&word, json.data() + at, 8);
    const uint64_t control = (word - ones * 0x20) & ~word & highs;
    if ((control | has_zero(word ^ (ones * '"')) | has_zero(word ^ (ones * '\\'))) != 0) break;
    at += 8;
  }
  while (at < json.size() && is_plain(json[at])) ++at;
  return at;
}

}  // namespace

void JsonCursor::reject(std::string_view message) {
  if (!error_.empty()) return;
  error_ = message;
  error_at_ = at_;
  at_ = json_.size();
}

Error JsonCursor::error() const {
  return {ErrorCode::corrupt_data, fmt::format("at byte {}: {}", error_at_, error_)};
}

void JsonCursor::skip_space() {
  while (at_ < json_.size() && is_json_space(json_[at_])) ++at_;
}

char JsonCursor::peek() {
  skip_space();
  return at_ < json_.size() ? json_[at_] : '\0';
}

bool JsonCursor::enter(char bracket) {
  if (peek() != bracket) {
    reject(fmt::format("expected '{}'", bracket));
    return false;
  }
  if (++depth_ > maximum_depth) {
    reject("nested too deep");
    return false;
  }
  ++at_;
  first_ = true;
  return true;
}

bool JsonCursor::next_item() {
  if (!ok()) return false;
  const char c = peek();
  if (c == ']' || c == '}') {
    ++at_;
    --depth_;
    first_ = false;
    return false;
  }
  if (!first_) {
    if (c != ',') {
      reject("expected ','");
      return false;
    }
    ++at_;
    skip_space();
  }
  first_ = false;
  return true;
}

bool JsonCursor::next_member(std::string_view& key) {
  if (!next_item()) return false;
  key = read_text();
  if (peek() != ':') {
    reject("expected ':'");
    return false;
  }
  ++at_;
  return ok();
}

std::string_view JsonCursor::read_text() {
  if (peek() != '"') {
    reject("expected a string");
    return {};
  }
  const size_t begin = ++at_;
  at_ = skip_plain(json_, at_);
  if (at_ < json_.size() && static_cast<unsigned char>(json_[at_]) < 0x20) {
    reject("a control character in a string");
    return {};
  }
  if (at_ < json_.size() && json_[at_] == '"') return json_.substr(begin, at_++ - begin);
  unescaped_.assign(json_, begin, at_ - begin);
  const auto read_hex = [&](char32_t& unit) {
    if (at_ + 4 > json_.size()) return false;
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(json_.data() + at_, json_.data() + at_ + 4, value, 16);
    if (error != std::errc() || end != json_.data() + at_ + 4) return false;
    unit = value;
    at_ += 4;
    return true;
  };
  while (at_ < json_.size() && json_[at_] != '"') {
    if (const size_t end = skip_plain(json_, at_); end > at_) {
      unescaped_.append(json_, at_, end - at_);
      at_ = end;
      continue;
    }
    if (json_[at_++] != '\\' || at_ >= json_.size()) break;
    constexpr std::string_view escaped_letters = "\"\\/bfnrt";
    constexpr std::string_view meaning = "\"\\/\b\f\n\r\t";
    const char escaped = json_[at_++];
    if (const size_t index = escaped_letters.find(escaped); index != std::string_view::npos) {
      unescaped_ += meaning[index];
      continue;
    }
    char32_t unit = 0;
    if (escaped != 'u' || !read_hex(unit)) break;
    if (unit >= 0xD800 && unit < 0xDC00 && json_.substr(at_, 2) == "\\u") {
      at_ += 2;
      char32_t low = 0;
      if (!read_hex(low) || low < 0xDC00 || low > 0xDFFF) break;
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    if (unit >= 0xD800 && unit < 0xE000) unit = replacement_character;
    append_utf8(unit, unescaped_);
  }
  if (at_ >= json_.size() || json_[at_] != '"') {
    reject("a string that is wrong or does not end");
    return {};
  }
  ++at_;
  return unescaped_;
}

int64_t JsonCursor::read_integer() {
  skip_space();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(json_.data() + at_, json_.data() + json_.size(), value);
  const bool fraction =
      end < json_.data() + json_.size() && std::strchr(".eE", *end) != nullptr && *end != '\0';
  if (error != std::errc() || fraction) {
    reject("expected an integer");
    return 0;
  }
  at_ = static_cast<size_t>(end - json_.data());
  return value;
}

double JsonCursor::read_number() {
  skip_space();
  double value = 0;
  const auto [end, error] = std::from_chars(json_.data() + at_, json_.data() + json_.size(), value);
  if (error != std::errc()) {
    reject("expected a number");
    return 0;
  }
  at_ = static_cast<size_t>(end - json_.data());
  return value;
}

void JsonCursor::skip_scalar() {
  const size_t begin = at_;
  while (at_ < json_.size() && std::strchr(",]}", json_[at_]) == nullptr && !is_json_space(json_[at_])) ++at_;
  if (at_ == begin) reject("expected a value");
}

std::string_view JsonCursor::skip() {
  skip_space();
  const size_t begin = at_;
  int open = 0;
  do {
    const char c = peek();
    if (c == '{' || c == '[') {
      ++open;
      ++at_;
    } else if (c == '}' || c == ']') {
      --open;
      ++at_;
    } else if (c == '"') {
      read_text();
    } else if ((c == ',' || c == ':') && open > 0) {
      ++at_;
    } else if (c == '\0') {
      reject("a value does not end");
    } else {
      skip_scalar();
    }
  } while (open > 0 && ok());
  if (open < 0) reject("expected a value");
  return ok() ? json_.substr(begin, at_ - begin) : std::string_view{};
}

}  // namespace shoal
