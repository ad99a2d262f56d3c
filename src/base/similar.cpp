#include "base/similar.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/letter_case.h"

namespace shoal {
namespace {

constexpr size_t longest_word = 200;

// Optimal string alignment: https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance
size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::vector<size_t>> steps(from.size() + 1, std::vector<size_t>(to.size() + 1));
  for (size_t i = 0; i <= from.size(); ++i) steps[i][0] = i;
  for (size_t j = 0; j <= to.size(); ++j) steps[0][j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t changed = from[i - 1] == to[j - 1] ? 0 : 1;
      steps[i][j] = std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1, steps[i - 1][j - 1] + changed});
      const bool is_exchange = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (is_exchange) steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
    }
  }
  return steps[from.size()][to.size()];
}

}  // namespace

std::optional<std::string> find_similar(std::string_view word, std::span<const std::string> candidates) {
  if (word.empty() || word.size() > longest_word) return std::nullopt;
  const std::string typed = to_lower_ascii(word);
  const std::string* nearest = nullptr;
  const std::string* longer = nullptr;
  size_t fewest = std::max<size_t>(1, typed.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::string lowered = to_lower_ascii(candidate.substr(0, longest_word));
    if (const size_t steps = distance(typed, lowered); steps < fewest) {
      fewest = steps;
      nearest = &candidate;
    }
    if (longer == nullptr && typed.size() > 2 && lowered.starts_with(typed)) longer = &candidate;
  }
  const std::string* found = nearest != nullptr ? nearest : longer;
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const auto similar = find_similar(word, candidates);
  return similar ? fmt::format(", did you mean {}?", *similar) : std::string();
}

}  // namespace shoal
