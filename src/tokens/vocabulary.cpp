#include "tokens/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>

namespace shoal {

void Vocabulary::reserve(int64_t count, int64_t bytes) {
  entries_.reserve(static_cast<size_t>(count));
  arena_.reserve(static_cast<size_t>(bytes));
}

Result<void> Vocabulary::set(TokenId id, std::string_view written) {
  if (id < 0 || id >= maximum_size) {
    return fail(ErrorCode::corrupt_data, fmt::format("token '{}' has the id {}, which is not in 0 … {}",
                                                     written, id, maximum_size - 1));
  }
  const auto index = static_cast<size_t>(id);
  if (index >= entries_.size()) entries_.resize(index + 1);
  Entry& entry = entries_[index];
  if (entry.present) {
    if (bytes(id) == written) return {};
    return fail(ErrorCode::corrupt_data,
                fmt::format("the id {} is given to two tokens, '{}' and '{}'", id, bytes(id), written));
  }
  if (arena_.size() + written.size() > UINT32_MAX) {
    return fail(ErrorCode::corrupt_data, "the vocabulary's tokens are longer than 4 GiB together");
  }
  entry = {static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(written.size()), true, false};
  arena_ += written;
  return {};
}

void Vocabulary::mark_special(TokenId id) {
  if (has(id)) entries_[static_cast<size_t>(id)].special = true;
}

bool Vocabulary::has(TokenId id) const {
  return id >= 0 && id < size() && entries_[static_cast<size_t>(id)].present;
}

std::string_view Vocabulary::bytes(TokenId id) const {
  if (!has(id)) return {};
  const Entry& entry = entries_[static_cast<size_t>(id)];
  return std::string_view(arena_).substr(entry.begin, entry.length);
}

std::optional<TokenId> Vocabulary::find(std::string_view bytes) const {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.present && entry.length == bytes.size() &&
           std::string_view(arena_.data() + entry.begin, entry.length) == bytes;
  });
  if (found == entries_.end()) return std::nullopt;
  return static_cast<TokenId>(found - entries_.begin());
}

bool Vocabulary::is_special(TokenId id) const { return has(id) && entries_[static_cast<size_t>(id)].special; }

}  // namespace shoal
