#include "tokens/character_class.h"

#include <utf8proc.h>

#include <algorithm>

#include "tokens/unicode.h"

namespace shoal {
namespace {

struct ClassRange {
  char32_t first;
  char32_t last;
  CharacterClasses classes;
};

// Characters that Unicode 15.1 and 16 added to utf8proc's Unicode 15.0.
constexpr ClassRange additions[] = {{0x897, 0x897, mark_class},
                                    {0x1B4E, 0x1B4F, punctuation_class},
                                    {0x1B7F, 0x1B7F, punctuation_class},
                                    {0x1C89, 0x1C89, upper_class},
                                    {0x1C8A, 0x1C8A, lower_class},
                                    {0x2427, 0x2429, symbol_class},
                                    {0x2FFC, 0x2FFF, symbol_class},
                                    {0x31E4, 0x31E5, symbol_class},
                                    {0x31EF, 0x31EF, symbol_class},
                                    {0xA7CB, 0xA7CC, upper_class},
                                    {0xA7CD, 0xA7CD, lower_class},
                                    {0xA7DA, 0xA7DA, upper_class},
                                    {0xA7DB, 0xA7DB, lower_class},
                                    {0xA7DC, 0xA7DC, upper_class},
                                    {0x105C0, 0x105F3, other_letter_class},
                                    {0x10D40, 0x10D49, number_class},
                                    {0x10D4A, 0x10D4F, other_letter_class},
                                    {0x10D50, 0x10D65, upper_class},
                                    {0x10D69, 0x10D6D, mark_class},
                                    {0x10D6E, 0x10D6E, punctuation_class},
                                    {0x10D6F, 0x10D6F, other_letter_class},
                                    {0x10D70, 0x10D85, lower_class},
                                    {0x10D8E, 0x10D8F, symbol_class},
                                    {0x10EC2, 0x10EC4, other_letter_class},
                                    {0x10EFC, 0x10EFC, mark_class},
                                    {0x11380, 0x11389, other_letter_class},
                                    {0x1138B, 0x1138B, other_letter_class},
                                    {0x1138E, 0x1138E, other_letter_class},
                                    {0x11390, 0x113B5, other_letter_class},
                                    {0x113B7, 0x113B7, other_letter_class},
                                    {0x113B8, 0x113C0, mark_class},
                                    {0x113C2, 0x113C2, mark_class},
                                    {0x113C5, 0x113C5, mark_class},
                                    {0x113C7, 0x113CA, mark_class},
                                    {0x113CC, 0x113D0, mark_class},
                                    {0x113D1, 0x113D1, other_letter_class},
                                    {0x113D2, 0x113D2, mark_class},
                                    {0x113D3, 0x113D3, other_letter_class},
                                    {0x113D4, 0x113D5, punctuation_class},
                                    {0x113D7, 0x113D8, punctuation_class},
                                    {0x113E1, 0x113E2, mark_class},
                                    {0x116D0, 0x116E3, number_class},
                                    {0x11BC0, 0x11BE0, other_letter_class},
                                    {0x11BE1, 0x11BE1, punctuation_class},
                                    {0x11BF0, 0x11BF9, number_class},
                                    {0x11F5A, 0x11F5A, mark_class},
                                    {0x13460, 0x143FA, other_letter_class},
                                    {0x16100, 0x1611D, other_letter_class},
                                    {0x1611E, 0x1612F, mark_class},
                                    {0x16130, 0x16139, number_class},
                                    {0x16D40, 0x16D6C, other_letter_class},
                                    {0x16D6D, 0x16D6F, punctuation_class},
                                    {0x16D70, 0x16D79, number_class},
                                    {0x18CFF, 0x18CFF, other_letter_class},
                                    {0x1CC00, 0x1CCEF, symbol_class},
                                    {0x1CCF0, 0x1CCF9, number_class},
                                    {0x1CD00, 0x1CEB3, symbol_class},
                                    {0x1E5D0, 0x1E5ED, other_letter_class},
                                    {0x1E5EE, 0x1E5EF, mark_class},
                                    {0x1E5F0, 0x1E5F0, other_letter_class},
                                    {0x1E5F1, 0x1E5FA, number_class},
                                    {0x1E5FF, 0x1E5FF, punctuation_class},
                                    {0x1F8B2, 0x1F8BB, symbol_class},
                                    {0x1F8C0, 0x1F8C1, symbol_class},
                                    {0x1FA89, 0x1FA89, symbol_class},
                                    {0x1FA8F, 0x1FA8F, symbol_class},
                                    {0x1FABE, 0x1FABE, symbol_class},
                                    {0x1FAC6, 0x1FAC6, symbol_class},
                                    {0x1FADC, 0x1FADC, symbol_class},
                                    {0x1FADF, 0x1FADF, symbol_class},
                                    {0x1FAE9, 0x1FAE9, symbol_class},
                                    {0x1FBCB, 0x1FBEF, symbol_class},
                                    {0x2EBF0, 0x2EE5D, other_letter_class}};

struct Range {
  char32_t first;
  char32_t last;
};
constexpr Range han_ranges[] = {
    {0x2E80, 0x2E99},   {0x2E9B, 0x2EF3},   {0x2F00, 0x2FD5},   {0x3005, 0x3005},   {0x3007, 0x3007},
    {0x3021, 0x3029},   {0x3038, 0x303B},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFA6D},
    {0xFA70, 0xFAD9},   {0x16FE2, 0x16FE3}, {0x16FF0, 0x16FF1}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B739},
    {0x2B740, 0x2B81D}, {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x2EBF0, 0x2EE5D}, {0x2F800, 0x2FA1D},
    {0x30000, 0x3134A}, {0x31350, 0x323AF}};

CharacterClasses classes_of_category(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT: return upper_class;
    case UTF8PROC_CATEGORY_LL: return lower_class;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return other_letter_class;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return mark_class;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return number_class;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return punctuation_class;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO: return symbol_class;
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return 0;
  }
  return 0;
}

CharacterClasses classes_of_ascii(char32_t c) {
  CharacterClasses classes = classes_of_category(c);
  if (c == '\r' || c == '\n') classes |= newline_class;
  if (c == '/') classes |= slash_class;
  if ((classes & letter_class) != 0) classes |= ascii_letter_class;
  if ((classes & (punctuation_class | symbol_class)) != 0) classes |= ascii_punctuation_class;
  return classes;
}

std::vector<CharacterClasses> classes_of_all() {
  std::vector<CharacterClasses> all(0x110000);
  for (char32_t c = 0; c < all.size(); ++c) {
    all[c] = c < 0x80 ? classes_of_ascii(c) : classes_of_category(c);
  }
  for (const ClassRange& range : additions) {
    for (char32_t c = range.first; c <= range.last; ++c) all[c] = range.classes;
  }
  for (const Range& range : han_ranges) {
    for (char32_t c = range.first; c <= range.last; ++c) all[c] |= han_class;
  }
  for (char32_t c = 0; c <= 0x3000; ++c) {
    if (is_white_space(c)) all[c] |= space_class;
  }
  return all;
}

}  // namespace

CharacterTable::CharacterTable() {
  const std::vector<CharacterClasses> all = classes_of_all();
  for (size_t block = 0; block < blocks_of_.size(); ++block) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(block * block_size);
    // Neighbouring blocks are often alike; looking further back finds little more.
    const size_t known = blocks_.size() / block_size;
    size_t found = known;
    for (size_t candidate = known; candidate-- > 0 && known - candidate <= 8;) {
      if (std::equal(begin, begin + block_size,
                     blocks_.begin() + static_cast<std::ptrdiff_t>(candidate * block_size))) {
        found = candidate;
        break;
      }
    }
    if (found == known) blocks_.insert(blocks_.end(), begin, begin + block_size);
    blocks_of_[block] = static_cast<uint16_t>(found);
  }
}

const CharacterTable& CharacterTable::get() {
  static const CharacterTable class_table;
  return class_table;
}

}  // namespace shoal
