// The names of characters in HTML: &amp; and its like.
#pragma once

#include <string>
#include <string_view>

namespace shoal::jinja {

// The text with references to characters replaced by these, as browsers and Python's html.unescape() do it.
std::string unescape_html(std::string_view text);

}  // namespace shoal::jinja
