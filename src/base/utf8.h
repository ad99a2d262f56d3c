// Bytes from files and peers as UTF-8: whether they are, and as they may be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shoal {

// Of the character that `text` begins with; 0 if there is none: no overlong forms, no surrogates, nothing
// beyond U+10FFFF.
size_t utf8_character_length(std::string_view text);

bool is_utf8(std::string_view text);

// Line ends and tabs stay; other control characters, which a terminal takes for orders, and bytes that are no
// UTF-8, at which a program that reads our output stops, become \xNN.
std::string printable(std::string_view text);

}  // namespace shoal
