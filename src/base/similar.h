// "Did you mean": the word of a list that is nearest to one that was mistyped. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace shoal {

// The candidate that the fewest letters typed wrong, left out, put in or exchanged with their neighbour part
// from `word`, where these are at most a third of its letters; one that begins with it comes next. Case
// counts for nothing.
std::optional<std::string> find_similar(std::string_view word, std::span<const std::string> candidates);

// ", did you mean x?", or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace shoal
