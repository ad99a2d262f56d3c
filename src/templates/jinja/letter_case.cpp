#include "templates/jinja/letter_case.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.h"
#include "templates/jinja/text_tools.h"
#include "tokens/unicode.h"

namespace shoal::jinja {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t entry_count>
bool is_in(const Range (&ranges)[entry_count], char32_t c) {
  const auto* range = std::ranges::lower_bound(ranges, c, {}, &Range::last);
  return range != std::end(ranges) && range->first <= c;
}

// Unicode's Other_Lowercase and Other_Uppercase.
constexpr Range other_lower[] = {
    {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2B0, 0x2B8},     {0x2C0, 0x2C1},    {0x2E0, 0x2E4},
    {0x345, 0x345},     {0x37A, 0x37A},     {0x1D2C, 0x1D6A},   {0x1D78, 0x1D78},  {0x1D9B, 0x1DBF},
    {0x2071, 0x2071},   {0x207F, 0x207F},   {0x2090, 0x209C},   {0x2170, 0x217F},  {0x24D0, 0x24E9},
    {0x2C7C, 0x2C7D},   {0xA69C, 0xA69D},   {0xA770, 0xA770},   {0xA7F8, 0xA7F9},  {0xAB5C, 0xAB5F},
    {0x10780, 0x10780}, {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA}};
constexpr Range other_upper[] = {
    {0x2160, 0x216F}, {0x24B6, 0x24CF}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
// Numeric_Type=Digit.
constexpr Range other_digits[] = {
    {0xB2, 0xB3},     {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},   {0x2070, 0x2070},
    {0x2074, 0x2079}, {0x2080, 0x2089},   {0x2460, 0x2468},   {0x2474, 0x247C},   {0x2488, 0x2490},
    {0x24EA, 0x24EA}, {0x24F5, 0x24FD},   {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},
    {0x278A, 0x2792}, {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};
// Letters with Numeric_Type=Numeric.
constexpr Range numerals[] = {
    {0x3405, 0x3405},   {0x3483, 0x3483},   {0x382A, 0x382A},   {0x3B4D, 0x3B4D},   {0x4E00, 0x4E00},
    {0x4E03, 0x4E03},   {0x4E07, 0x4E07},   {0x4E09, 0x4E09},   {0x4E5D, 0x4E5D},   {0x4E8C, 0x4E8C},
    {0x4E94, 0x4E94},   {0x4E96, 0x4E96},   {0x4EBF, 0x4EC0},   {0x4EDF, 0x4EDF},   {0x4EE8, 0x4EE8},
    {0x4F0D, 0x4F0D},   {0x4F70, 0x4F70},   {0x5104, 0x5104},   {0x5146, 0x5146},   {0x5169, 0x5169},
    {0x516B, 0x516B},   {0x516D, 0x516D},   {0x5341, 0x5341},   {0x5343, 0x5345},   {0x534C, 0x534C},
    {0x53C1, 0x53C4},   {0x56DB, 0x56DB},   {0x58F1, 0x58F1},   {0x58F9, 0x58F9},   {0x5E7A, 0x5E7A},
    {0x5EFE, 0x5EFF},   {0x5F0C, 0x5F0E},   {0x5F10, 0x5F10},   {0x62FE, 0x62FE},   {0x634C, 0x634C},
    {0x67D2, 0x67D2},   {0x6F06, 0x6F06},   {0x7396, 0x7396},   {0x767E, 0x767E},   {0x8086, 0x8086},
    {0x842C, 0x842C},   {0x8CAE, 0x8CAE},   {0x8CB3, 0x8CB3},   {0x8D30, 0x8D30},   {0x9621, 0x9621},
    {0x9646, 0x9646},   {0x964C, 0x964C},   {0x9678, 0x9678},   {0x96F6, 0x96F6},   {0xF96B, 0xF96B},
    {0xF973, 0xF973},   {0xF978, 0xF978},   {0xF9B2, 0xF9B2},   {0xF9D1, 0xF9D1},   {0xF9D3, 0xF9D3},
    {0xF9FD, 0xF9FD},   {0x20001, 0x20001}, {0x20064, 0x20064}, {0x200E2, 0x200E2}, {0x20121, 0x20121},
    {0x2092A, 0x2092A}, {0x20983, 0x20983}, {0x2098C, 0x2098C}, {0x2099C, 0x2099C}, {0x20AEA, 0x20AEA},
    {0x20AFD, 0x20AFD}, {0x20B19, 0x20B19}, {0x22390, 0x22390}, {0x22998, 0x22998}, {0x23B1B, 0x23B1B},
    {0x2626D, 0x2626D}, {0x2F890, 0x2F890}};
// The punctuation among Case_Ignorable; its other members are marks, modifiers and format characters.
constexpr Range punctuation_in_words[] = {
    {0x27, 0x27},     {0x2E, 0x2E},     {0x3A, 0x3A},     {0xB7, 0xB7},
    {0x387, 0x387},   {0x55F, 0x55F},   {0x5F4, 0x5F4},   {0x2018, 0x2019},
    {0x2024, 0x2024}, {0x2027, 0x2027}, {0xFE13, 0xFE13}, {0xFE52, 0xFE52},
    {0xFE55, 0xFE55}, {0xFF07, 0xFF07}, {0xFF0E, 0xFF0E}, {0xFF1A, 0xFF1A}};

// Letters that become several, from SpecialCasing.txt.
struct SpecialCase {
  char32_t letter;
  const char* upper;
  const char* title;
};
constexpr SpecialCase special_cases[] = {{0xDF, "SS", "Ss"},
                                         {0x149, "\u02BCN", "\u02BCN"},
                                         {0x1F0, "J\u030C", "J\u030C"},
                                         {0x390, "\u0399\u0308\u0301", "\u0399\u0308\u0301"},
                                         {0x3B0, "\u03A5\u0308\u0301", "\u03A5\u0308\u0301"},
                                         {0x587, "\u0535\u0552", "\u0535\u0582"},
                                         {0x1E96, "H\u0331", "H\u0331"},
                                         {0x1E97, "T\u0308", "T\u0308"},
                                         {0x1E98, "W\u030A", "W\u030A"},
                                         {0x1E99, "Y\u030A", "Y\u030A"},
                                         {0x1E9A, "A\u02BE", "A\u02BE"},
                                         {0x1F50, "\u03A5\u0313", "\u03A5\u0313"},
                                         {0x1F52, "\u03A5\u0313\u0300", "\u03A5\u0313\u0300"},
                                         {0x1F54, "\u03A5\u0313\u0301", "\u03A5\u0313\u0301"},
                                         {0x1F56, "\u03A5\u0313\u0342", "\u03A5\u0313\u0342"},
                                         {0x1F80, "\u1F08\u0399", "\u1F88"},
                                         {0x1F81, "\u1F09\u0399", "\u1F89"},
                                         {0x1F82, "\u1F0A\u0399", "\u1F8A"},
                                         {0x1F83, "\u1F0B\u0399", "\u1F8B"},
                                         {0x1F84, "\u1F0C\u0399", "\u1F8C"},
                                         {0x1F85, "\u1F0D\u0399", "\u1F8D"},
                                         {0x1F86, "\u1F0E\u0399", "\u1F8E"},
                                         {0x1F87, "\u1F0F\u0399", "\u1F8F"},
                                         {0x1F88, "\u1F08\u0399", "\u1F88"},
                                         {0x1F89, "\u1F09\u0399", "\u1F89"},
                                         {0x1F8A, "\u1F0A\u0399", "\u1F8A"},
                                         {0x1F8B, "\u1F0B\u0399", "\u1F8B"},
                                         {0x1F8C, "\u1F0C\u0399", "\u1F8C"},
                                         {0x1F8D, "\u1F0D\u0399", "\u1F8D"},
                                         {0x1F8E, "\u1F0E\u0399", "\u1F8E"},
                                         {0x1F8F, "\u1F0F\u0399", "\u1F8F"},
                                         {0x1F90, "\u1F28\u0399", "\u1F98"},
                                         {0x1F91, "\u1F29\u0399", "\u1F99"},
                                         {0x1F92, "\u1F2A\u0399", "\u1F9A"},
                                         {0x1F93, "\u1F2B\u0399", "\u1F9B"},
                                         {0x1F94, "\u1F2C\u0399", "\u1F9C"},
                                         {0x1F95, "\u1F2D\u0399", "\u1F9D"},
                                         {0x1F96, "\u1F2E\u0399", "\u1F9E"},
                                         {0x1F97, "\u1F2F\u0399", "\u1F9F"},
                                         {0x1F98, "\u1F28\u0399", "\u1F98"},
                                         {0x1F99, "\u1F29\u0399", "\u1F99"},
                                         {0x1F9A, "\u1F2A\u0399", "\u1F9A"},
                                         {0x1F9B, "\u1F2B\u0399", "\u1F9B"},
                                         {0x1F9C, "\u1F2C\u0399", "\u1F9C"},
                                         {0x1F9D, "\u1F2D\u0399", "\u1F9D"},
                                         {0x1F9E, "\u1F2E\u0399", "\u1F9E"},
                                         {0x1F9F, "\u1F2F\u0399", "\u1F9F"},
                                         {0x1FA0, "\u1F68\u0399", "\u1FA8"},
                                         {0x1FA1, "\u1F69\u0399", "\u1FA9"},
                                         {0x1FA2, "\u1F6A\u0399", "\u1FAA"},
                                         {0x1FA3, "\u1F6B\u0399", "\u1FAB"},
                                         {0x1FA4, "\u1F6C\u0399", "\u1FAC"},
                                         {0x1FA5, "\u1F6D\u0399", "\u1FAD"},
                                         {0x1FA6, "\u1F6E\u0399", "\u1FAE"},
                                         {0x1FA7, "\u1F6F\u0399", "\u1FAF"},
                                         {0x1FA8, "\u1F68\u0399", "\u1FA8"},
                                         {0x1FA9, "\u1F69\u0399", "\u1FA9"},
                                         {0x1FAA, "\u1F6A\u0399", "\u1FAA"},
                                         {0x1FAB, "\u1F6B\u0399", "\u1FAB"},
                                         {0x1FAC, "\u1F6C\u0399", "\u1FAC"},
                                         {0x1FAD, "\u1F6D\u0399", "\u1FAD"},
                                         {0x1FAE, "\u1F6E\u0399", "\u1FAE"},
                                         {0x1FAF, "\u1F6F\u0399", "\u1FAF"},
                                         {0x1FB2, "\u1FBA\u0399", "\u1FBA\u0345"},
                                         {0x1FB3, "\u0391\u0399", "\u1FBC"},
                                         {0x1FB4, "\u0386\u0399", "\u0386\u0345"},
                                         {0x1FB6, "\u0391\u0342", "\u0391\u0342"},
                                         {0x1FB7, "\u0391\u0342\u0399", "\u0391\u0342\u0345"},
                                         {0x1FBC, "\u0391\u0399", "\u1FBC"},
                                         {0x1FC2, "\u1FCA\u0399", "\u1FCA\u0345"},
                                         {0x1FC3, "\u0397\u0399", "\u1FCC"},
                                         {0x1FC4, "\u0389\u0399", "\u0389\u0345"},
                                         {0x1FC6, "\u0397\u0342", "\u0397\u0342"},
                                         {0x1FC7, "\u0397\u0342\u0399", "\u0397\u0342\u0345"},
                                         {0x1FCC, "\u0397\u0399", "\u1FCC"},
                                         {0x1FD2, "\u0399\u0308\u0300", "\u0399\u0308\u0300"},
                                         {0x1FD3, "\u0399\u0308\u0301", "\u0399\u0308\u0301"},
                                         {0x1FD6, "\u0399\u0342", "\u0399\u0342"},
                                         {0x1FD7, "\u0399\u0308\u0342", "\u0399\u0308\u0342"},
                                         {0x1FE2, "\u03A5\u0308\u0300", "\u03A5\u0308\u0300"},
                                         {0x1FE3, "\u03A5\u0308\u0301", "\u03A5\u0308\u0301"},
                                         {0x1FE4, "\u03A1\u0313", "\u03A1\u0313"},
                                         {0x1FE6, "\u03A5\u0342", "\u03A5\u0342"},
                                         {0x1FE7, "\u03A5\u0308\u0342", "\u03A5\u0308\u0342"},
                                         {0x1FF2, "\u1FFA\u0399", "\u1FFA\u0345"},
                                         {0x1FF3, "\u03A9\u0399", "\u1FFC"},
                                         {0x1FF4, "\u038F\u0399", "\u038F\u0345"},
                                         {0x1FF6, "\u03A9\u0342", "\u03A9\u0342"},
                                         {0x1FF7, "\u03A9\u0342\u0399", "\u03A9\u0342\u0345"},
                                         {0x1FFC, "\u03A9\u0399", "\u1FFC"},
                                         {0xFB00, "FF", "Ff"},
                                         {0xFB01, "FI", "Fi"},
                                         {0xFB02, "FL", "Fl"},
                                         {0xFB03, "FFI", "Ffi"},
                                         {0xFB04, "FFL", "Ffl"},
                                         {0xFB05, "ST", "St"},
                                         {0xFB06, "ST", "St"},
                                         {0xFB13, "\u0544\u0546", "\u0544\u0576"},
                                         {0xFB14, "\u0544\u0535", "\u0544\u0565"},
                                         {0xFB15, "\u0544\u053B", "\u0544\u056B"},
                                         {0xFB16, "\u054E\u0546", "\u054E\u0576"},
                                         {0xFB17, "\u0544\u053D", "\u0544\u056D"}};

const SpecialCase* find_special(char32_t c) {
  const auto* found = std::ranges::lower_bound(special_cases, c, {}, &SpecialCase::letter);
  return found != std::end(special_cases) && found->letter == c ? found : nullptr;
}

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool is_lower_letter(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LL || is_in(other_lower, c); }
bool is_upper_letter(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU || is_in(other_upper, c); }
bool is_title_letter(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }
bool is_cased(char32_t c) { return is_lower_letter(c) || is_upper_letter(c) || is_title_letter(c); }

bool is_case_ignorable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: return is_in(punctuation_in_words, c);
  }
}

// Where the character before `at` begins; `at` must not be 0.
int64_t before(std::string_view text, int64_t at) {
  --at;
  while (at > 0 && (static_cast<unsigned char>(text[static_cast<size_t>(at)]) & 0xC0) == 0x80) --at;
  return at;
}

constexpr char32_t capital_sigma = 0x3A3;

// Whether the sigma at `at` is the last letter of a word and not its only one. `begins(place)` tells whether
// the text to look at begins after the character at `place`.
template <class Begins>
bool is_final_sigma(std::string_view text, int64_t at, Begins begins) {
  int64_t back = at;
  while (true) {
    if (back == 0) return false;
    back = before(text, back);
    if (begins(back)) return false;
    const char32_t c = decode_utf8(text, back).value;
    if (is_case_ignorable(c)) continue;
    if (!is_cased(c)) return false;
    break;
  }
  int64_t next = at + 2;
  while (next < static_cast<int64_t>(text.size())) {
    const CodePoint c = decode_utf8(text, next);
    if (!is_case_ignorable(c.value)) return !is_cased(c.value);
    next += c.length;
  }
  return true;
}

// Appends the changed form of the character `c` at `at`.
using Change = void (*)(std::string_view text, int64_t at, char32_t c, std::string& out);

void append_simple(utf8proc_int32_t (*map)(utf8proc_int32_t), char32_t c, std::string& out) {
  append_utf8(static_cast<char32_t>(map(static_cast<utf8proc_int32_t>(c))), out);
}

void append_upper(std::string_view, int64_t, char32_t c, std::string& out) {
  if (const SpecialCase* special = find_special(c)) {
    out += special->upper;
  } else {
    append_simple(utf8proc_toupper, c, out);
  }
}

void append_title(char32_t c, std::string& out) {
  if (const SpecialCase* special = find_special(c)) {
    out += special->title;
  } else {
    append_simple(utf8proc_totitle, c, out);
  }
}

void append_lower_letter(char32_t c, bool is_final, std::string& out) {
  constexpr char32_t dotted_i = 0x130;
  if (c == dotted_i) {
    out += "i\u0307";
  } else if (is_final) {
    out += "\u03C2";
  } else {
    append_simple(utf8proc_tolower, c, out);
  }
}

void append_lower(std::string_view text, int64_t at, char32_t c, std::string& out) {
  const auto never = [](int64_t) { return false; };
  append_lower_letter(c, c == capital_sigma && is_final_sigma(text, at, never), out);
}

void append_folded(std::string_view, int64_t, char32_t c, std::string& out) {
  utf8proc_int32_t folded[8];
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), folded, 8, UTF8PROC_CASEFOLD, nullptr);
  for (utf8proc_ssize_t i = 0; i < count; ++i) append_utf8(static_cast<char32_t>(folded[i]), out);
}

void append_capitalized(std::string_view text, int64_t at, char32_t c, std::string& out) {
  if (at == 0) {
    append_title(c, out);
  } else {
    append_lower(text, at, c, out);
  }
}

void append_swapped(std::string_view text, int64_t at, char32_t c, std::string& out) {
  if (is_upper_letter(c)) {
    append_lower(text, at, c, out);
  } else if (is_lower_letter(c)) {
    append_upper(text, at, c, out);
  } else {
    append_utf8(c, out);
  }
}

void append_in_title(std::string_view text, int64_t at, char32_t c, std::string& out) {
  if (at > 0 && is_cased(decode_utf8(text, before(text, at)).value)) {
    append_lower(text, at, c, out);
  } else {
    append_title(c, out);
  }
}

// Whether a word begins at `at`, as Jinja's title filter cuts text; the stretches between words count as
// words.
bool begins_word(std::string_view text, int64_t at) {
  const auto separates = [&](int64_t place) {
    const char32_t c = decode_utf8(text, place).value;
    return is_python_space(c) || std::u32string_view(U"-({[<").find(c) != std::u32string_view::npos;
  };
  return at == 0 || separates(before(text, at));
}

void append_in_filters_title(std::string_view text, int64_t at, char32_t c, std::string& out) {
  if (begins_word(text, at)) return append_upper(text, at, c, out);
  // The rest of a word is lowered without regard to its first letter.
  const auto begins = [&](int64_t place) { return begins_word(text, place); };
  append_lower_letter(c, c == capital_sigma && is_final_sigma(text, at, begins), out);
}

MarkedText changed(const MarkedText& text, Change change) {
  MarkedText out;
  const std::string_view bytes = text.bytes();
  int64_t at = 0;
  const auto take_until = [&](int64_t end) {
    std::string part;
    while (at < end) {
      const CodePoint c = decode_utf8(bytes, at);
      change(bytes, at, c.value, part);
      at += c.length;
    }
    return part;
  };
  for (const TextRange& range : text.input()) {
    out.append(take_until(range.begin));
    out.append(MarkedText::of_input(take_until(range.end)));
  }
  out.append(take_until(text.size()));
  out.set_safe(text.safe());
  return out;
}

template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (int64_t at = 0; at < static_cast<int64_t>(text.size());) {
    const CodePoint c = decode_utf8(text, at);
    visit(c.value);
    at += c.length;
  }
}

}  // namespace

MarkedText upper(const MarkedText& text) { return changed(text, append_upper); }
MarkedText lower(const MarkedText& text) { return changed(text, append_lower); }
MarkedText casefold(const MarkedText& text) { return changed(text, append_folded); }
MarkedText capitalize(const MarkedText& text) { return changed(text, append_capitalized); }
MarkedText swap_case(const MarkedText& text) { return changed(text, append_swapped); }
MarkedText title_of_words(const MarkedText& text) { return changed(text, append_in_title); }
MarkedText title_of_filter(const MarkedText& text) { return changed(text, append_in_filters_title); }

bool is_upper_text(std::string_view text) {
  bool any = false;
  bool others = false;
  for_each_character(text, [&](char32_t c) {
    any = any || is_upper_letter(c);
    others = others || is_lower_letter(c) || is_title_letter(c);
  });
  return any && !others;
}

bool is_lower_text(std::string_view text) {
  bool any = false;
  bool others = false;
  for_each_character(text, [&](char32_t c) {
    any = any || is_lower_letter(c);
    others = others || is_upper_letter(c) || is_title_letter(c);
  });
  return any && !others;
}

bool is_title_text(std::string_view text) {
  bool any = false;
  bool fits = true;
  bool in_word = false;
  for_each_character(text, [&](char32_t c) {
    const bool begins = is_upper_letter(c) || is_title_letter(c);
    if (begins ? in_word : is_lower_letter(c) && !in_word) fits = false;
    in_word = begins || is_lower_letter(c);
    any = any || in_word;
  });
  return any && fits;
}

bool is_digit(char32_t c) { return is_decimal_digit(c) || is_in(other_digits, c); }
bool is_numeric(char32_t c) { return is_number(c) || is_in(numerals, c); }

}  // namespace shoal::jinja
