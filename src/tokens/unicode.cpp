#include "tokens/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"

namespace shoal {
namespace {

utf8proc_category_t category(char32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

}  // namespace

bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_word_character(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_ND) || kind == UTF8PROC_CATEGORY_NL ||
         kind == UTF8PROC_CATEGORY_PC;
}

bool is_letter(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_number(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}

bool is_decimal_digit(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }

bool is_control(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CN ||
         kind == UTF8PROC_CATEGORY_CO;
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  const utf8proc_category_t kind = category(c);
  return kind != UTF8PROC_CATEGORY_CN && kind < UTF8PROC_CATEGORY_ZS;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t at = 0; at < size;) {
    const CodePoint c = decode_utf8(text, at);
    if (c.value == 0x130) {  // İ, the one letter that becomes two
      out += "i\u0307";
    } else {
      append_utf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.value))), out);
    }
    at += c.length;
  }
  return out;
}

namespace {

// Marks that Unicode added after version 9. The normaliser of the models' own tokenizers does not know them,
// so they stand for themselves and nothing is moved across them.
constexpr std::pair<char32_t, char32_t> new_marks[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
    {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
    {0xA82C, 0xA82C},   {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50},
    {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x11935, 0x11935}, {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943},
    {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42},
    {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E08F},
    {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}};

bool is_new_mark(utf8proc_int32_t code_point) {
  const auto c = static_cast<char32_t>(code_point);
  return c >= new_marks[0].first && std::ranges::any_of(new_marks, [c](const auto& range) {
           return c >= range.first && c <= range.second;
         });
}

int combining_class(utf8proc_int32_t code_point) {
  if (is_new_mark(code_point)) return 0;
  return utf8proc_get_property(code_point)->combining_class;
}

// Composes the points in place and returns how many are left.
size_t compose(std::vector<utf8proc_int32_t>& points) {
  size_t out = 0;
  for (size_t begin = 0; begin < points.size();) {
    size_t end = begin;
    while (end < points.size() && !is_new_mark(points[end])) ++end;
    const utf8proc_ssize_t length =
        utf8proc_normalize_utf32(points.data() + begin, static_cast<utf8proc_ssize_t>(end - begin),
                                 static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    CHECK(length >= 0);
    out += static_cast<size_t>(std::copy_n(points.begin() + static_cast<std::ptrdiff_t>(begin), length,
                                           points.begin() + static_cast<std::ptrdiff_t>(out)) -
                               (points.begin() + static_cast<std::ptrdiff_t>(out)));
    if (end < points.size()) points[out++] = points[end++];
    begin = end;
  }
  return out;
}

// Sorts runs of marks. utf8proc's own ordering is an insertion sort, quadratic in the length of a run.
void order_marks(std::vector<utf8proc_int32_t>& points) {
  for (size_t begin = 0; begin < points.size();) {
    if (combining_class(points[begin]) == 0) {
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < points.size() && combining_class(points[end]) != 0) ++end;
    std::stable_sort(
        points.begin() + static_cast<std::ptrdiff_t>(begin),
        points.begin() + static_cast<std::ptrdiff_t>(end),
        [](utf8proc_int32_t a, utf8proc_int32_t b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
}

std::string normalize_part(std::string_view text, NormalForm form) {
  const bool compatible = form == NormalForm::nfkc || form == NormalForm::nfkd;
  const bool composes = form == NormalForm::nfc || form == NormalForm::nfkc;
  const int options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t at = 0; at < size;) {
    const CodePoint c = decode_utf8(text, at);
    at += c.length;
    const auto point = static_cast<utf8proc_int32_t>(c.value);
    if (is_new_mark(point)) {
      points.push_back(point);
      continue;
    }
    utf8proc_int32_t decomposed[64];
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(point, decomposed, 64, static_cast<utf8proc_option_t>(options), nullptr);
    CHECK(count > 0 && count <= 64);
    points.insert(points.end(), decomposed, decomposed + count);
  }
  order_marks(points);
  if (composes) points.resize(compose(points));
  std::string out;
  out.reserve(text.size());
  for (const utf8proc_int32_t point : points) append_utf8(static_cast<char32_t>(point), out);
  return out;
}

}  // namespace

std::string normalize(std::string_view text, NormalForm form) {
  // Below U+0300 nothing combines and NFC changes nothing; for the other forms the limit is ASCII.
  const unsigned char plain_below = form == NormalForm::nfc ? 0xCC : 0x80;
  const bool plain =
      std::ranges::all_of(text, [&](char c) { return static_cast<unsigned char>(c) < plain_below; });
  return plain ? std::string(text) : normalize_part(text, form);
}

}  // namespace shoal
