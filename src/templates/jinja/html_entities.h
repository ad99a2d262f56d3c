// The names of characters in HTML, such as &amp;.
#pragma once

#include <string>
#include <string_view>

namespace shoal::jinja {

// Replaces references to characters as browsers and Python's html.unescape() do.
std::string unescape_html(std::string_view text);

}  // namespace shoal::jinja
