// What tokenizers and templates need of Unicode's character data.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

bool is_white_space(char32_t code_point);
bool is_word_character(char32_t code_point);  // letters, marks, digits and connectors, as \w means them
bool is_letter(char32_t code_point);
bool is_number(char32_t code_point);         // of general category N
bool is_decimal_digit(char32_t code_point);  // of general category Nd
bool is_control(char32_t code_point);
bool is_printable(char32_t code_point);  // as Python's repr decides whether to escape

// Changes each letter by itself, whatever its neighbours are.
std::string to_lower(std::string_view valid_text);

enum class NormalForm : unsigned char { nfc, nfd, nfkc, nfkd };

// Takes linear time but for sorting: a run of combining marks of any length is sorted once.
std::string normalize(std::string_view valid_text, NormalForm form);

}  // namespace shoal
