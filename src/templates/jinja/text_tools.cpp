#include "templates/jinja/text_tools.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokens/unicode.h"

namespace shoal::jinja {

bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

namespace {

int64_t start_of_last(std::string_view text, int64_t end) {
  int64_t at = end - 1;
  while (at > 0 && (static_cast<unsigned char>(text[static_cast<size_t>(at)]) & 0xC0) == 0x80) --at;
  return at;
}

bool in_set(std::string_view set, std::string_view character) {
  for (size_t at = 0; at < set.size();) {
    const auto length = static_cast<size_t>(utf8_length(set[at]));
    if (set.substr(at, length) == character) return true;
    at += length;
  }
  return false;
}

}  // namespace

MarkedText strip(const MarkedText& text, const MarkedText* characters, bool left, bool right) {
  const std::string_view bytes = text.bytes();
  const auto strips = [&](int64_t at) {
    const CodePoint c = decode_utf8(bytes, at);
    if (characters == nullptr) return is_python_space(c.value);
    return in_set(characters->bytes(), bytes.substr(static_cast<size_t>(at), static_cast<size_t>(c.length)));
  };
  int64_t begin = 0;
  int64_t end = text.size();
  while (left && begin < end && strips(begin)) begin += decode_utf8(bytes, begin).length;
  while (right && end > begin && strips(start_of_last(bytes, end))) end = start_of_last(bytes, end);
  return text.slice(begin, end);
}

namespace {

std::vector<MarkedText> split_at_space(const MarkedText& text, int64_t limit) {
  std::vector<MarkedText> parts;
  const std::string_view bytes = text.bytes();
  int64_t at = 0;
  while (true) {
    while (at < text.size() && is_python_space(decode_utf8(bytes, at).value))
      at += decode_utf8(bytes, at).length;
    if (at >= text.size()) return parts;
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(text.slice(at, text.size()));
      return parts;
    }
    const int64_t begin = at;
    while (at < text.size() && !is_python_space(decode_utf8(bytes, at).value))
      at += decode_utf8(bytes, at).length;
    parts.push_back(text.slice(begin, at));
  }
}

std::vector<MarkedText> split_at_space_from_right(const MarkedText& text, int64_t limit) {
  std::vector<MarkedText> parts;
  const std::string_view bytes = text.bytes();
  int64_t end = text.size();
  while (true) {
    while (end > 0 && is_python_space(decode_utf8(bytes, start_of_last(bytes, end)).value)) {
      end = start_of_last(bytes, end);
    }
    if (end <= 0) break;
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(text.slice(0, end));
      break;
    }
    int64_t begin = end;
    while (begin > 0 && !is_python_space(decode_utf8(bytes, start_of_last(bytes, begin)).value)) {
      begin = start_of_last(bytes, begin);
    }
    parts.push_back(text.slice(begin, end));
    end = begin;
  }
  std::ranges::reverse(parts);
  return parts;
}

}  // namespace

std::vector<MarkedText> split(const MarkedText& text, const MarkedText* separator, int64_t limit) {
  if (separator == nullptr) return split_at_space(text, limit);
  if (separator->empty()) give_up("split() at an empty text");
  std::vector<MarkedText> parts;
  size_t at = 0;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t found = text.bytes().find(separator->bytes(), at);
    if (found == std::string::npos) break;
    parts.push_back(text.slice(static_cast<int64_t>(at), static_cast<int64_t>(found)));
    at = found + separator->bytes().size();
  }
  parts.push_back(text.slice(static_cast<int64_t>(at), text.size()));
  return parts;
}

std::vector<MarkedText> split_from_right(const MarkedText& text, const MarkedText* separator, int64_t limit) {
  if (separator == nullptr) return split_at_space_from_right(text, limit);
  if (separator->empty()) give_up("rsplit() at an empty text");
  std::vector<MarkedText> parts;
  size_t end = text.bytes().size();
  const size_t length = separator->bytes().size();
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t found =
        end < length ? std::string::npos : text.bytes().rfind(separator->bytes(), end - length);
    if (found == std::string::npos) break;
    parts.push_back(text.slice(static_cast<int64_t>(found + length), static_cast<int64_t>(end)));
    end = found;
  }
  parts.push_back(text.slice(0, static_cast<int64_t>(end)));
  std::ranges::reverse(parts);
  return parts;
}

std::vector<MarkedText> split_lines(const MarkedText& text, bool keep_ends) {
  std::vector<MarkedText> lines;
  const std::string_view bytes = text.bytes();
  int64_t begin = 0;
  for (int64_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(bytes, at);
    const int64_t line_end = at;
    at += c.length;
    const bool ends = (c.value >= 0x0A && c.value <= 0x0D) || (c.value >= 0x1C && c.value <= 0x1E) ||
                      c.value == 0x85 || c.value == 0x2028 || c.value == 0x2029;
    if (!ends) continue;
    if (c.value == '\r' && at < text.size() && bytes[static_cast<size_t>(at)] == '\n') ++at;
    lines.push_back(text.slice(begin, keep_ends ? at : line_end));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.slice(begin, text.size()));
  return lines;
}

MarkedText replace(const MarkedText& text, const MarkedText& from, const MarkedText& to, int64_t limit,
                   Budget& budget) {
  MarkedText out;
  out.set_safe(text.safe());
  int64_t count = 0;
  size_t at = 0;
  while (limit < 0 || count < limit) {
    size_t found = text.bytes().find(from.bytes(), at);
    if (from.empty()) {  // matches between all characters
      if (count > 0) {
        if (at >= text.bytes().size()) break;
        found = at + static_cast<size_t>(utf8_length(text.bytes()[at]));
      } else {
        found = 0;
      }
    }
    if (found == std::string::npos) break;
    budget.pay_bytes(static_cast<int64_t>(found - at) + to.size() + 1);
    out.append(text.slice(static_cast<int64_t>(at), static_cast<int64_t>(found)));
    out.append(to);
    at = found + from.bytes().size();
    ++count;
  }
  budget.pay_bytes(text.size() - static_cast<int64_t>(at));
  out.append(text.slice(static_cast<int64_t>(at), text.size()));
  return out;
}

MarkedText map_parts(const MarkedText& text, const std::function<std::string(std::string_view)>& change) {
  MarkedText out;
  const std::string_view bytes = text.bytes();
  size_t at = 0;
  for (const TextRange& range : text.input()) {
    const auto begin = static_cast<size_t>(range.begin);
    const auto end = static_cast<size_t>(range.end);
    out.append(change(bytes.substr(at, begin - at)));
    out.append(MarkedText::of_input(change(bytes.substr(begin, end - begin))));
    at = end;
  }
  out.append(change(bytes.substr(at)));
  out.set_safe(text.safe());
  return out;
}

MarkedText pad(const MarkedText& text, int64_t width, const MarkedText& fill, int64_t left_share,
               Budget& budget) {
  const int64_t missing = width - text.character_count();
  if (missing <= 0) return text;
  budget.pay_bytes(text.size() + missing * 4);
  const int64_t left = std::clamp<int64_t>(left_share, 0, missing);
  MarkedText out;
  out.set_safe(text.safe());
  for (int64_t i = 0; i < left; ++i) out.append(fill);
  out.append(text);
  for (int64_t i = left; i < missing; ++i) out.append(fill);
  return out;
}

namespace {

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

MarkedText escaped(const MarkedText& text, Budget& budget) {
  if (text.safe()) return text;
  budget.pay_bytes(2 * text.size());
  MarkedText out = map_parts(text, escape_html);
  budget.pay_bytes(out.size());
  out.set_safe(true);
  return out;
}

}  // namespace shoal::jinja
