#include "tokens/character_map.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "base/utf8.h"

namespace shoal {
namespace {

// The fields of a unit of the trie as the library Darts-clone packs them.
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }

// The end of the grapheme that begins at `at`.
int64_t grapheme_end(std::string_view text, int64_t at) {
  const auto size = static_cast<int64_t>(text.size());
  utf8proc_int32_t state = 0;
  CodePoint last = decode_utf8(text, at);
  at += last.length;
  while (at < size) {
    const CodePoint next = decode_utf8(text, at);
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(last.value),
                                         static_cast<utf8proc_int32_t>(next.value), &state)) {
      break;
    }
    at += next.length;
    last = next;
  }
  return at;
}

}  // namespace

Result<CharacterMap> CharacterMap::parse(std::string_view bytes) {
  uint32_t trie_bytes = 0;
  if (bytes.size() >= 4) std::memcpy(&trie_bytes, bytes.data(), 4);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > bytes.size() - 4) {
    return fail(ErrorCode::corrupt_data, "the character map is cut off or no character map");
  }
  CharacterMap map;
  map.units_.resize(trie_bytes / 4);
  std::memcpy(map.units_.data(), bytes.data() + 4, trie_bytes);
  map.replacements_ = bytes.substr(4 + trie_bytes);
  if (!is_valid_utf8(map.replacements_)) {
    return fail(ErrorCode::corrupt_data, "the character map's replacements are no UTF-8");
  }
  return map;
}

CharacterMap::Found CharacterMap::find(std::string_view text, Which which) const {
  Found found;
  size_t node = offset_of(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (node >= units_.size() || label_of(units_[node]) != byte) break;
    const uint32_t unit = units_[node];
    node ^= offset_of(unit);
    if (!has_leaf(unit) || node >= units_.size()) continue;
    const size_t begin = value_of(units_[node]);
    if (begin >= replacements_.size()) continue;
    found.length = static_cast<int64_t>(i + 1);
    found.replacement = std::string_view(replacements_.data() + begin);
    if (which == Which::shortest) break;
  }
  return found;
}

std::string CharacterMap::replace_longest(std::string_view valid_text,
                                          const std::vector<std::string>& kept) const {
  std::string out;
  out.reserve(valid_text.size());
  while (!valid_text.empty()) {
    Found found = find(valid_text, Which::longest);
    const auto stays = std::ranges::find_if(
        kept, [valid_text](const std::string& piece) { return valid_text.starts_with(piece); });
    if (stays != kept.end()) {
      found = {.length = static_cast<int64_t>(stays->size()), .replacement = *stays};
    } else if (found.length == 0) {
      found.length = utf8_length(valid_text.front());
      found.replacement = valid_text.substr(0, static_cast<size_t>(found.length));
    }
    out += found.replacement;
    valid_text.remove_prefix(static_cast<size_t>(found.length));
  }
  return out;
}

std::string CharacterMap::replace_graphemes(std::string_view valid_text) const {
  constexpr int64_t longest_grapheme = 5;
  std::string out;
  out.reserve(valid_text.size());
  const auto size = static_cast<int64_t>(valid_text.size());
  for (int64_t at = 0, end = 0; at < size; at = end) {
    end = grapheme_end(valid_text, at);
    const auto part = [&](int64_t begin, int64_t length) {
      return valid_text.substr(static_cast<size_t>(begin), static_cast<size_t>(length));
    };
    if (end - at <= longest_grapheme) {
      if (const Found found = find(part(at, end - at), Which::shortest); found.length > 0) {
        out += found.replacement;
        continue;
      }
    }
    for (int64_t character = at; character < end;) {
      const int64_t length = utf8_length(valid_text[static_cast<size_t>(character)]);
      const std::string_view written = part(character, length);
      const Found found = find(written, Which::shortest);
      out += found.length > 0 ? found.replacement : written;
      character += length;
    }
  }
  return out;
}

}  // namespace shoal
