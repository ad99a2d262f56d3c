#include "text/character_class.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/unicode.h"

namespace shoal {
namespace {

struct ClassRange {
  char32_t first;
  char32_t last;
  CharacterClasses classes;
};

// What Unicode 15.1 and 16 added to utf8proc's 15.0.
constexpr ClassRange kAdditions[] = {{0x897, 0x897, kMarkClass},
                                     {0x1B4E, 0x1B4F, kPunctuationClass},
                                     {0x1B7F, 0x1B7F, kPunctuationClass},
                                     {0x1C89, 0x1C89, kUpperClass},
                                     {0x1C8A, 0x1C8A, kLowerClass},
                                     {0x2427, 0x2429, kSymbolClass},
                                     {0x2FFC, 0x2FFF, kSymbolClass},
                                     {0x31E4, 0x31E5, kSymbolClass},
                                     {0x31EF, 0x31EF, kSymbolClass},
                                     {0xA7CB, 0xA7CC, kUpperClass},
                                     {0xA7CD, 0xA7CD, kLowerClass},
                                     {0xA7DA, 0xA7DA, kUpperClass},
                                     {0xA7DB, 0xA7DB, kLowerClass},
                                     {0xA7DC, 0xA7DC, kUpperClass},
                                     {0x105C0, 0x105F3, kOtherLetterClass},
                                     {0x10D40, 0x10D49, kNumberClass},
                                     {0x10D4A, 0x10D4F, kOtherLetterClass},
                                     {0x10D50, 0x10D65, kUpperClass},
                                     {0x10D69, 0x10D6D, kMarkClass},
                                     {0x10D6E, 0x10D6E, kPunctuationClass},
                                     {0x10D6F, 0x10D6F, kOtherLetterClass},
                                     {0x10D70, 0x10D85, kLowerClass},
                                     {0x10D8E, 0x10D8F, kSymbolClass},
                                     {0x10EC2, 0x10EC4, kOtherLetterClass},
                                     {0x10EFC, 0x10EFC, kMarkClass},
                                     {0x11380, 0x11389, kOtherLetterClass},
                                     {0x1138B, 0x1138B, kOtherLetterClass},
                                     {0x1138E, 0x1138E, kOtherLetterClass},
                                     {0x11390, 0x113B5, kOtherLetterClass},
                                     {0x113B7, 0x113B7, kOtherLetterClass},
                                     {0x113B8, 0x113C0, kMarkClass},
                                     {0x113C2, 0x113C2, kMarkClass},
                                     {0x113C5, 0x113C5, kMarkClass},
                                     {0x113C7, 0x113CA, kMarkClass},
                                     {0x113CC, 0x113D0, kMarkClass},
                                     {0x113D1, 0x113D1, kOtherLetterClass},
                                     {0x113D2, 0x113D2, kMarkClass},
                                     {0x113D3, 0x113D3, kOtherLetterClass},
                                     {0x113D4, 0x113D5, kPunctuationClass},
                                     {0x113D7, 0x113D8, kPunctuationClass},
                                     {0x113E1, 0x113E2, kMarkClass},
                                     {0x116D0, 0x116E3, kNumberClass},
                                     {0x11BC0, 0x11BE0, kOtherLetterClass},
                                     {0x11BE1, 0x11BE1, kPunctuationClass},
                                     {0x11BF0, 0x11BF9, kNumberClass},
                                     {0x11F5A, 0x11F5A, kMarkClass},
                                     {0x13460, 0x143FA, kOtherLetterClass},
                                     {0x16100, 0x1611D, kOtherLetterClass},
                                     {0x1611E, 0x1612F, kMarkClass},
                                     {0x16130, 0x16139, kNumberClass},
                                     {0x16D40, 0x16D6C, kOtherLetterClass},
                                     {0x16D6D, 0x16D6F, kPunctuationClass},
                                     {0x16D70, 0x16D79, kNumberClass},
                                     {0x18CFF, 0x18CFF, kOtherLetterClass},
                                     {0x1CC00, 0x1CCEF, kSymbolClass},
                                     {0x1CCF0, 0x1CCF9, kNumberClass},
                                     {0x1CD00, 0x1CEB3, kSymbolClass},
                                     {0x1E5D0, 0x1E5ED, kOtherLetterClass},
                                     {0x1E5EE, 0x1E5EF, kMarkClass},
                                     {0x1E5F0, 0x1E5F0, kOtherLetterClass},
                                     {0x1E5F1, 0x1E5FA, kNumberClass},
                                     {0x1E5FF, 0x1E5FF, kPunctuationClass},
                                     {0x1F8B2, 0x1F8BB, kSymbolClass},
                                     {0x1F8C0, 0x1F8C1, kSymbolClass},
                                     {0x1FA89, 0x1FA89, kSymbolClass},
                                     {0x1FA8F, 0x1FA8F, kSymbolClass},
                                     {0x1FABE, 0x1FABE, kSymbolClass},
                                     {0x1FAC6, 0x1FAC6, kSymbolClass},
                                     {0x1FADC, 0x1FADC, kSymbolClass},
                                     {0x1FADF, 0x1FADF, kSymbolClass},
                                     {0x1FAE9, 0x1FAE9, kSymbolClass},
                                     {0x1FBCB, 0x1FBEF, kSymbolClass},
                                     {0x2EBF0, 0x2EE5D, kOtherLetterClass}};

struct Range {
  char32_t first;
  char32_t last;
};
constexpr Range kHan[] = {{0x2E80, 0x2E99},   {0x2E9B, 0x2EF3},   {0x2F00, 0x2FD5},   {0x3005, 0x3005},
                          {0x3007, 0x3007},   {0x3021, 0x3029},   {0x3038, 0x303B},   {0x3400, 0x4DBF},
                          {0x4E00, 0x9FFF},   {0xF900, 0xFA6D},   {0xFA70, 0xFAD9},   {0x16FE2, 0x16FE3},
                          {0x16FF0, 0x16FF1}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B739}, {0x2B740, 0x2B81D},
                          {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x2EBF0, 0x2EE5D}, {0x2F800, 0x2FA1D},
                          {0x30000, 0x3134A}, {0x31350, 0x323AF}};

CharacterClasses classes_of_category(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT: return kUpperClass;
    case UTF8PROC_CATEGORY_LL: return kLowerClass;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return kOtherLetterClass;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return kMarkClass;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return kNumberClass;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return kPunctuationClass;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO: return kSymbolClass;
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
  if (c == '\r' || c == '\n') classes |= kNewlineClass;
  if (c == '/') classes |= kSlashClass;
  if ((classes & kLetterClass) != 0) classes |= kAsciiLetterClass;
  if ((classes & (kPunctuationClass | kSymbolClass)) != 0) classes |= kAsciiPunctuationClass;
  return classes;
}

std::vector<CharacterClasses> classes_of_all() {
  std::vector<CharacterClasses> all(0x110000);
  for (char32_t c = 0; c < all.size(); ++c) {
    all[c] = c < 0x80 ? classes_of_ascii(c) : classes_of_category(c);
  }
  for (const ClassRange& range : kAdditions) {
    for (char32_t c = range.first; c <= range.last; ++c) all[c] = range.classes;
  }
  for (const Range& range : kHan) {
    for (char32_t c = range.first; c <= range.last; ++c) all[c] |= kHanClass;
  }
  for (char32_t c = 0; c <= 0x3000; ++c) {
    if (is_white_space(c)) all[c] |= kSpaceClass;
  }
  return all;
}

}  // namespace

CharacterTable::CharacterTable() {
  const std::vector<CharacterClasses> all = classes_of_all();
  for (size_t block = 0; block < blocks_of_.size(); ++block) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(block * kBlock);
    // Neighbours are often alike; looking further back saves little.
    const size_t known = blocks_.size() / kBlock;
    size_t found = known;
    for (size_t candidate = known; candidate-- > 0 && known - candidate <= 8;) {
      if (std::equal(begin, begin + kBlock,
                     blocks_.begin() + static_cast<std::ptrdiff_t>(candidate * kBlock))) {
        found = candidate;
        break;
      }
    }
    if (found == known) blocks_.insert(blocks_.end(), begin, begin + kBlock);
    blocks_of_[block] = static_cast<uint16_t>(found);
  }
}

const CharacterTable& CharacterTable::get() {
  static const CharacterTable kTable;
  return kTable;
}

}  // namespace shoal
