#include "tokens/normalizer.h"

#include <algorithm>

#include "base/utf8.h"

namespace shoal {

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0;;) {
    const size_t found = text.find(from, at);
    out += text.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    out += to;
    at = found + from.size();
  }
}

namespace {

std::string apply_step(const NormalForm& form, std::string text) { return normalize(text, form); }

std::string apply_step(const PrependStep& step, std::string text) {
  return text.empty() ? text : step.text + text;
}

std::string apply_step(const ReplaceStep& step, std::string text) {
  return replace_all(text, step.from, step.to);
}

std::string apply_step(const ReplacePatternStep& step, std::string text) {
  std::vector<TextRange> matches;
  step.from.find_all(text, matches);
  std::string out;
  size_t at = 0;
  for (const TextRange& match : matches) {
    out.append(text, at, static_cast<size_t>(match.begin) - at);
    out += step.to;
    at = static_cast<size_t>(match.end);
  }
  return out.append(text, at);
}

std::string apply_step(const LowercaseStep&, std::string text) { return to_lower(text); }

std::string apply_step(const StripStep& step, std::string text) {
  int64_t begin = 0;
  int64_t end = static_cast<int64_t>(text.size());
  while (step.left && begin < end) {
    const CodePoint c = decode_utf8(text, begin);
    if (!is_white_space(c.value)) break;
    begin += c.length;
  }
  while (step.right && end > begin) {
    int64_t last = end - 1;
    while (last > begin && (static_cast<unsigned char>(text[static_cast<size_t>(last)]) & 0xC0) == 0x80)
      --last;
    if (!is_white_space(decode_utf8(text, last).value)) break;
    end = last;
  }
  return text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

std::string apply_step(const CharacterMapStep& step, std::string text) {
  switch (step.way) {
    case CharacterMapStep::Way::longest: return step.map.replace_longest(text, step.kept);
    case CharacterMapStep::Way::graphemes: return step.map.replace_graphemes(text);
  }
  return text;
}

std::string apply_step(const CollapseSpacesStep&, std::string text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// The text's ▁ of three bytes becomes a space of one byte in the vocabulary.
constexpr int64_t mark_bytes = 3;
constexpr int64_t most_shrinking = 1 << 20;

int64_t shrinking_of(const NormalForm& form) {
  switch (form) {
    case NormalForm::nfc:
    case NormalForm::nfd: return 3;  // the Kelvin sign becomes K; three letters of Hangul become one syllable
    case NormalForm::nfkc:
    case NormalForm::nfkd: return 4;  // a mathematical letter becomes a plain one
  }
  return shrinks_to_nothing;
}
int64_t shrinking_of(const PrependStep&) { return mark_bytes; }
int64_t shrinking_of(const ReplaceStep& step) {
  if (step.to.empty()) return shrinks_to_nothing;
  return mark_bytes * static_cast<int64_t>((step.from.size() + step.to.size() - 1) / step.to.size());
}
int64_t shrinking_of(const ReplacePatternStep&) { return shrinks_to_nothing; }
int64_t shrinking_of(const LowercaseStep&) { return 3; }
int64_t shrinking_of(const StripStep&) { return shrinks_to_nothing; }
int64_t shrinking_of(const CharacterMapStep&) { return shrinks_to_nothing; }
int64_t shrinking_of(const CollapseSpacesStep&) { return shrinks_to_nothing; }

}  // namespace

int64_t Normalizer::shrinking() const {
  int64_t factor = 1;
  for (const NormalizerStep& step : steps_) {
    factor = std::min(factor * std::visit([](const auto& kind) { return shrinking_of(kind); }, step),
                      most_shrinking);
  }
  return factor;
}

std::string Normalizer::apply(std::string_view valid_text) const {
  std::string text(valid_text);
  for (const NormalizerStep& step : steps_) {
    text = std::visit([&](const auto& kind) { return apply_step(kind, std::move(text)); }, step);
  }
  return text;
}

}  // namespace shoal
