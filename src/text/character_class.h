// The classes of characters that tokenizers' patterns are made of, by Unicode 16, which the makers' libraries
// have.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace shoal {

using CharacterClasses = uint16_t;  // bits

inline constexpr CharacterClasses kSpaceClass = 1 << 0;    // \s: White_Space
inline constexpr CharacterClasses kNewlineClass = 1 << 1;  // \r and \n
inline constexpr CharacterClasses kSlashClass = 1 << 2;
inline constexpr CharacterClasses kUpperClass = 1 << 3;        // \p{Lu}, \p{Lt}
inline constexpr CharacterClasses kLowerClass = 1 << 4;        // \p{Ll}
inline constexpr CharacterClasses kOtherLetterClass = 1 << 5;  // \p{Lm}, \p{Lo}
inline constexpr CharacterClasses kMarkClass = 1 << 6;         // \p{M}
inline constexpr CharacterClasses kNumberClass = 1 << 7;       // \p{N}
inline constexpr CharacterClasses kPunctuationClass = 1 << 8;  // \p{P}
inline constexpr CharacterClasses kSymbolClass = 1 << 9;       // \p{S}
inline constexpr CharacterClasses kHanClass = 1 << 10;         // \p{Han}
inline constexpr CharacterClasses kAsciiLetterClass = 1 << 11;
inline constexpr CharacterClasses kAsciiPunctuationClass = 1 << 12;  // and ASCII's symbols
inline constexpr CharacterClasses kLetterClass = kUpperClass | kLowerClass | kOtherLetterClass;

class CharacterTable {
 public:
  static const CharacterTable& get();

  CharacterClasses classes_of(char32_t code_point) const {
    const size_t block = blocks_of_[code_point / kBlock];
    return blocks_[block * kBlock + code_point % kBlock];
  }

 private:
  static constexpr size_t kBlock = 128;
  CharacterTable();

  std::array<uint16_t, 0x110000 / kBlock> blocks_of_{};
  std::vector<CharacterClasses> blocks_;
};

}  // namespace shoal
