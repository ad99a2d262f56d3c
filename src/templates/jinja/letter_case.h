// Upper, lower and title case as Python's str has them, including Unicode's letters that become several, and
// Python's tests of case and digits. Every character is marked as the one that it came from.
#pragma once

#include <string_view>

#include "templates/jinja/marked_text.h"

namespace shoal::jinja {

MarkedText upper(const MarkedText& text);
MarkedText lower(const MarkedText& text);
MarkedText casefold(const MarkedText& text);
MarkedText capitalize(const MarkedText& text);
MarkedText swap_case(const MarkedText& text);
MarkedText title_of_words(const MarkedText& text);   // str.title()
MarkedText title_of_filter(const MarkedText& text);  // Jinja's title filter

// Whether the text has a letter with case, and none of another case.
bool is_upper_text(std::string_view text);
bool is_lower_text(std::string_view text);
bool is_title_text(std::string_view text);

bool is_digit(char32_t code_point);    // str.isdigit(): superscripts too
bool is_numeric(char32_t code_point);  // str.isnumeric(): Chinese numerals too

}  // namespace shoal::jinja
