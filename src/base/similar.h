// "Did you mean": finds the word of a list that is nearest to a mistyped one. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace shoal {

// The candidate that is the fewest typing errors away from `word` (a letter wrong, left out, put in, or
// exchanged with its neighbour), at most a third of its letters or one. If there is none, a candidate that
// begins with `word`. Case is ignored.
std::optional<std::string> find_similar(std::string_view word, std::span<const std::string> candidates);

// ", did you mean x?", or an empty text.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace shoal
