// The classes of characters that tokenizers' patterns are made of, as in Unicode 16, which the makers'
// libraries use.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace shoal {

using CharacterClasses = uint16_t;  // bits

inline constexpr CharacterClasses space_class = 1 << 0;    // \s: White_Space
inline constexpr CharacterClasses newline_class = 1 << 1;  // \r and \n
inline constexpr CharacterClasses slash_class = 1 << 2;
inline constexpr CharacterClasses upper_class = 1 << 3;         // \p{Lu}, \p{Lt}
inline constexpr CharacterClasses lower_class = 1 << 4;         // \p{Ll}
inline constexpr CharacterClasses other_letter_class = 1 << 5;  // \p{Lm}, \p{Lo}
inline constexpr CharacterClasses mark_class = 1 << 6;          // \p{M}
inline constexpr CharacterClasses number_class = 1 << 7;        // \p{N}
inline constexpr CharacterClasses punctuation_class = 1 << 8;   // \p{P}
inline constexpr CharacterClasses symbol_class = 1 << 9;        // \p{S}
inline constexpr CharacterClasses han_class = 1 << 10;          // \p{Han}
inline constexpr CharacterClasses ascii_letter_class = 1 << 11;
inline constexpr CharacterClasses ascii_punctuation_class = 1 << 12;  // with ASCII's symbols
inline constexpr CharacterClasses letter_class = upper_class | lower_class | other_letter_class;

class CharacterTable {
 public:
  static const CharacterTable& get();

  CharacterClasses classes_of(char32_t code_point) const {
    const size_t block = blocks_of_[code_point / block_size];
    return blocks_[block * block_size + code_point % block_size];
  }

 private:
  static constexpr size_t block_size = 128;
  CharacterTable();

  std::array<uint16_t, 0x110000 / block_size> blocks_of_{};
  std::vector<CharacterClasses> blocks_;
};

}  // namespace shoal
