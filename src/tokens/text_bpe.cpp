#include "tokens/text_bpe.h"

#include "base/utf8.h"

namespace shoal {

void TextBpe::encode(std::string_view piece, TokenModelScratch& scratch, std::vector<TokenId>& ids) const {
  if (piece.empty()) return;
  if (settings_.whole_pieces_first) {
    if (const TokenId id = settings_.pieces.find(piece); id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  const auto text_of = [&](int32_t begin, int32_t end) {
    return piece.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  };
  std::vector<BpeSymbol>& symbols = scratch.symbols;
  symbols.clear();
  const auto size = static_cast<int32_t>(piece.size());
  for (int32_t at = 0, end = 0; at < size; at = end) {
    end = settings_.bytes_are_symbols ? at + 1 : at + utf8_length(piece[static_cast<size_t>(at)]);
    symbols.push_back({at, end, settings_.pieces.find(text_of(at, end))});
  }
  scratch.merger.merge(symbols, [&](const BpeSymbol& left, const BpeSymbol& right) {
    const TokenId id = settings_.pieces.find(text_of(left.begin, right.end));
    return id < 0 ? BpeMerge{no_merge, -1} : BpeMerge{settings_.ranks[static_cast<size_t>(id)], id};
  });
  bool behind_unknown = false;
  for (const BpeSymbol& symbol : symbols) {
    if (symbol.id >= 0) {
      ids.push_back(symbol.id);
    } else {
      put_unknown(text_of(symbol.begin, symbol.end), behind_unknown, ids);
    }
    behind_unknown = symbol.id < 0;
  }
}

bool TextBpe::loses_text() const {
  if (settings_.byte_fallback) return false;
  if (!settings_.bytes_are_symbols) return true;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (settings_.pieces.find({&c, 1}) < 0) return true;
  }
  return false;
}

void TextBpe::put_unknown(std::string_view text, bool behind_unknown, std::vector<TokenId>& ids) const {
  if (settings_.byte_fallback) {
    for (const char byte : text) ids.push_back((*settings_.byte_fallback)[static_cast<unsigned char>(byte)]);
  } else if (settings_.unknown && !behind_unknown) {
    ids.push_back(*settings_.unknown);
  }
}

}  // namespace shoal
