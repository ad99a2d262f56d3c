// Reads vocabularies of byte strings whose rank decides what is joined first, as tiktoken and Tekken have
// them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "tokens/text_bpe.h"
#include "tokens/vocabulary.h"

namespace shoal {

struct RankedPieces {
  TextBpe::Settings settings{.pieces = {},
                             .ranks = {},
                             .bytes_are_symbols = true,
                             .whole_pieces_first = true,
                             .byte_fallback = std::nullopt,
                             .unknown = std::nullopt};
  Vocabulary vocabulary;

  Result<void> add(std::string_view bytes, int64_t rank, TokenId id) {
    if (Result<void> set = vocabulary.set(id, bytes); !set) return set;
    if (bytes.empty() || rank < 0 || rank >= no_merge || !settings.pieces.insert(bytes, id)) {
      return fail(ErrorCode::corrupt_data, fmt::format("the piece of rank {} is empty or comes twice", rank));
    }
    settings.ranks.resize(std::max(settings.ranks.size(), static_cast<size_t>(id) + 1), no_merge);
    settings.ranks[static_cast<size_t>(id)] = static_cast<int32_t>(rank);
    return {};
  }
};

}  // namespace shoal
