// The common parts of Python's text methods and Jinja's filters. All of them keep the marks of input.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "templates/jinja/budget.h"
#include "templates/jinja/marked_text.h"

namespace shoal::jinja {

bool is_python_space(char32_t code_point);

// nullptr for `characters` strips white space.
MarkedText strip(const MarkedText& text, const MarkedText* characters, bool left, bool right);
// nullptr for `separator` splits at white space and gives no empty parts. `limit` below 0: no limit.
std::vector<MarkedText> split(const MarkedText& text, const MarkedText* separator, int64_t limit);
std::vector<MarkedText> split_from_right(const MarkedText& text, const MarkedText* separator, int64_t limit);
std::vector<MarkedText> split_lines(const MarkedText& text, bool keep_ends);
MarkedText replace(const MarkedText& text, const MarkedText& from, const MarkedText& to, int64_t limit,
                   Budget& budget);
// Applies a change that depends on one character at a time, to the template's and the input's parts
// separately.
MarkedText map_parts(const MarkedText& text, const std::function<std::string(std::string_view)>& change);
// Puts `fill`, one character, around `text` up to `width` characters: `left_share` times on the left.
MarkedText pad(const MarkedText& text, int64_t width, const MarkedText& fill, int64_t left_share,
               Budget& budget);

// Escapes for HTML the text that is not safe yet.
MarkedText escaped(const MarkedText& text, Budget& budget);

}  // namespace shoal::jinja
