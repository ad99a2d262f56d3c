#include "tokens/detokenizer.h"

#include <algorithm>

#include "base/utf8.h"

namespace shoal {

StreamingDetokenizer::StreamingDetokenizer(const Tokenizer& tokenizer,
                                           const std::vector<std::string>& stop_strings, TextStart start,
                                           std::vector<TokenId> shown_tokens)
    : tokenizer_(tokenizer),
      shown_tokens_(std::move(shown_tokens)),
      stops_(stop_strings),
      drop_space_(start == TextStart::beginning && tokenizer.drops_first_space()) {}

StreamingDetokenizer::Piece StreamingDetokenizer::add(TokenId token) {
  Piece piece{.text = {}, .stopped = stopped_};
  if (stopped_) return piece;
  if (tokenizer_.is_special(token) && std::ranges::find(shown_tokens_, token) == shown_tokens_.end()) {
    return piece;
  }
  std::string_view bytes = tokenizer_.token_bytes(token);
  if (drop_space_ && !bytes.empty()) {
    drop_space_ = false;
    if (bytes.front() == ' ') bytes.remove_prefix(1);
  }
  bytes_ += bytes;
  const size_t whole = bytes_.size() - static_cast<size_t>(unfinished_utf8(bytes_));
  if (whole == 0) return piece;
  feed(repair_utf8(std::string_view(bytes_).substr(0, whole)), piece);
  bytes_.erase(0, whole);
  return piece;
}

void StreamingDetokenizer::feed(std::string_view text, Piece& piece) {
  for (const char byte : text) {
    held_.push_back(byte);
    if (const int64_t found = stops_.add(byte); found > 0) {
      piece.text.assign(held_, 0, held_.size() - static_cast<size_t>(found));
      piece.stopped = stopped_ = true;
      stopped_at_ = held_.substr(piece.text.size());
      held_.clear();
      bytes_.clear();
      return;
    }
  }
  size_t certain = held_.size() - static_cast<size_t>(stops_.pending());
  // Only a stop string that is not valid UTF-8 can begin inside a character.
  while (certain > 0 && certain < held_.size() &&
         (static_cast<unsigned char>(held_[certain]) & 0xC0) == 0x80) {
    --certain;
  }
  piece.text.assign(held_, 0, certain);
  held_.erase(0, certain);
}

std::string StreamingDetokenizer::finish() {
  if (stopped_) return {};
  Piece piece{.text = {}, .stopped = false};
  if (!bytes_.empty()) feed(repair_utf8(std::exchange(bytes_, {})), piece);
  return piece.stopped ? piece.text : piece.text + std::exchange(held_, {});
}

}  // namespace shoal
