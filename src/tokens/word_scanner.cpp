#include "tokens/word_scanner.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "tokens/character_class.h"
#include "tokens/word_patterns.h"

namespace shoal {
namespace {

// A position in a text, and the character there.
class Place {
 public:
  Place(std::string_view text, int64_t at)
      : table_(&CharacterTable::get()),
        at_(reinterpret_cast<const unsigned char*>(text.data()) + at),
        end_(reinterpret_cast<const unsigned char*>(text.data()) + text.size()) {
    read();
  }

  bool at_end() const { return at_ == end_; }
  // 0 at the end of the text.
  CharacterClasses classes() const { return classes_; }
  char32_t character() const { return character_; }
  bool is(CharacterClasses any) const { return (classes_ & any) != 0; }
  bool stands(char ascii) const { return character_ == static_cast<char32_t>(ascii) && !at_end(); }
  int64_t offset_in(std::string_view text) const {
    return at_ - reinterpret_cast<const unsigned char*>(text.data());
  }
  bool operator==(const Place& other) const { return at_ == other.at_; }

  void step() {
    at_ += length_;
    read();
  }
  void skip(CharacterClasses any) {
    while (is(any)) step();
  }
  void skip_others(CharacterClasses none) {
    while (!at_end() && !is(none)) step();
  }

 private:
  void read() {
    if (at_ == end_) {
      character_ = 0;
      classes_ = 0;
      length_ = 0;
      return;
    }
    const char32_t first = at_[0];
    if (first < 0x80) {
      character_ = first;
      length_ = 1;
    } else if (first < 0xE0) {
      character_ = (first & 0x1F) << 6 | (at_[1] & 0x3Fu);
      length_ = 2;
    } else if (first < 0xF0) {
      character_ = (first & 0x0F) << 12 | (at_[1] & 0x3Fu) << 6 | (at_[2] & 0x3Fu);
      length_ = 3;
    } else {
      character_ = (first & 0x07) << 18 | (at_[1] & 0x3Fu) << 12 | (at_[2] & 0x3Fu) << 6 | (at_[3] & 0x3Fu);
      length_ = 4;
    }
    classes_ = table_->classes_of(character_);
  }

  const CharacterTable* table_;
  const unsigned char* at_;
  const unsigned char* end_;
  char32_t character_ = 0;
  int32_t length_ = 0;
  CharacterClasses classes_ = 0;
};

enum class Case : uint8_t { as_written, ignored };

// Skips 's|'t|'re|'ve|'m|'ll|'d at an apostrophe.
bool skip_contraction(Place& place, Case letter_case) {
  if (!place.stands('\'')) return false;
  const auto letter = [letter_case](const Place& at) -> char {
    const char32_t c = at.character();
    if (at.at_end()) return 0;
    if (letter_case == Case::ignored && c == 0x17F) return 's';  // ſ folds to s
    if (letter_case == Case::ignored && c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    return c < 0x80 ? static_cast<char>(c) : '\0';
  };
  Place next = place;
  next.step();
  const char first = letter(next);
  if (first == 0) return false;
  next.step();
  if (first == 's' || first == 't' || first == 'm' || first == 'd') {
    place = next;
    return true;
  }
  const char second = letter(next);
  const bool two =
      (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
  if (!two) return false;
  next.step();
  place = next;
  return true;
}

// How white space is cut. The last character of a run is left for the text that follows it.
enum class Newlines : uint8_t {
  plain,               // \s+(?!\S)|\s+
  end_a_piece,         // \s*[\r\n]+|\s+(?!\S)|\s+
  end_a_piece_inside,  // \s++$|\s*[\r\n]|\s+(?!\S)|\s
};

Place skip_white_space(Place place, Newlines newlines) {
  const Place begin = place;
  Place last = place;  // the run's last character
  Place behind_newline = place;
  while (place.is(space_class)) {
    const bool newline = place.is(newline_class);
    last = place;
    place.step();
    if (newline) behind_newline = place;
  }
  if (newlines == Newlines::end_a_piece_inside && place.at_end()) return place;
  if (newlines != Newlines::plain && !(behind_newline == begin)) return behind_newline;
  return place.at_end() || last == begin ? place : last;
}

// The place after an optional space, for patterns like " ?[…]+".
Place behind_space(Place place) {
  if (place.stands(' ')) place.step();
  return place;
}

bool finish(std::string_view text, int64_t begin, const Place& end, TextRange& match) {
  match = {begin, end.offset_in(text)};
  return true;
}

bool scan_gpt2(std::string_view text, int64_t at, TextRange& match) {
  if (at >= static_cast<int64_t>(text.size())) return false;
  Place place(text, at);
  if (skip_contraction(place, Case::as_written)) return finish(text, at, place, match);
  Place word = behind_space(place);
  if (word.is(letter_class)) {
    word.skip(letter_class);
  } else if (word.is(number_class)) {
    word.skip(number_class);
  } else if (!word.at_end() && !word.is(space_class)) {
    word.skip_others(space_class | letter_class | number_class);
  } else {
    word = skip_white_space(place, Newlines::plain);
  }
  return finish(text, at, word, match);
}

// The parts that the patterns since GPT-4 share.
struct WordRules {
  CharacterClasses letters;  // letters of a word; CaseRules find words by rules of their own
  int digits;                // the most digits of a number
  CharacterClasses tail;     // characters that may follow punctuation
  Newlines newlines;
};

// Skips \p{N}{1,digits}| ?[^\s letters \p{N}]+tail*|white space
Place skip_no_word(Place place, const WordRules& rules) {
  if (place.is(number_class)) {
    for (int i = 0; i < rules.digits && place.is(number_class); ++i) place.step();
    return place;
  }
  Place punctuation = behind_space(place);
  if (!punctuation.at_end() && !punctuation.is(space_class | rules.letters | number_class)) {
    punctuation.skip_others(space_class | rules.letters | number_class);
    punctuation.skip(rules.tail);
    return punctuation;
  }
  if (place.is(space_class)) return skip_white_space(place, rules.newlines);
  return place;
}

template <const WordRules& rules>
bool scan_words(std::string_view text, int64_t at, TextRange& match) {
  if (at >= static_cast<int64_t>(text.size())) return false;
  Place place(text, at);
  if (skip_contraction(place, Case::ignored)) return finish(text, at, place, match);
  Place word = place;
  if (!word.is(rules.letters | newline_class | number_class)) word.step();
  if (word.is(rules.letters)) {
    word.skip(rules.letters);
    return finish(text, at, word, match);
  }
  return finish(text, at, skip_no_word(place, rules), match);
}

constexpr WordRules llama3_rules{letter_class, 3, newline_class, Newlines::end_a_piece};
constexpr WordRules cl100k_rules{letter_class, 3, newline_class, Newlines::end_a_piece_inside};
constexpr WordRules qwen2_rules{letter_class, 1, newline_class, Newlines::end_a_piece};
constexpr WordRules qwen35_rules{letter_class | mark_class, 1, newline_class, Newlines::end_a_piece};

// Rules for words that are cut where a small letter meets a capital one.
struct CaseRules {
  WordRules others;
  bool contractions;  // may end a word
  bool han_apart;     // Chinese characters are not letters of words
};

class CaseWord {
 public:
  explicit CaseWord(const CaseRules& rules) : rules_(rules) {}

  // Skips upper* lower+, else upper+ lower*, each with or without one other character before it. False when
  // there is no word at `place`.
  bool skip(Place& place) const {
    Place behind_prefix = place;
    const bool prefix = !place.is(newline_class | letter_class | number_class) && !place.at_end();
    if (prefix) behind_prefix.step();
    if ((prefix && skip_lower_end(behind_prefix, place)) || skip_lower_end(place, place)) return true;
    return (prefix && skip_upper(behind_prefix, place)) || skip_upper(place, place);
  }

 private:
  static constexpr CharacterClasses other_letter_or_mark = other_letter_class | mark_class;

  bool is(const Place& place, CharacterClasses any) const {
    return place.is(any) && !(rules_.han_apart && place.is(han_class));
  }

  // Skips upper* lower+ from `begin`. Characters of both kinds belong to upper* if something small follows
  // them.
  bool skip_lower_end(Place begin, Place& end) const {
    Place behind_either = begin;
    bool has_either = false;
    while (is(begin, upper_class | other_letter_or_mark)) {
      const bool either = begin.is(other_letter_or_mark);
      begin.step();
      if (either) behind_either = begin;
      has_either = has_either || either;
    }
    if (is(begin, lower_class)) {
      while (is(begin, lower_class | other_letter_or_mark)) begin.step();
    } else if (has_either) {
      begin = behind_either;
    } else {
      return false;
    }
    end = begin;
    return true;
  }

  // Skips upper+ lower*, after upper* lower+ did not match.
  bool skip_upper(Place begin, Place& end) const {
    if (!is(begin, upper_class | other_letter_or_mark)) return false;
    while (is(begin, upper_class | other_letter_or_mark)) begin.step();
    end = begin;
    return true;
  }

  const CaseRules& rules_;
};

template <const CaseRules& rules>
bool scan_case_words(std::string_view text, int64_t at, TextRange& match) {
  if (at >= static_cast<int64_t>(text.size())) return false;
  Place place(text, at);
  if (rules.han_apart && place.is(han_class)) {
    place.skip(han_class);
  } else if (CaseWord(rules).skip(place)) {
    if (rules.contractions) skip_contraction(place, Case::ignored);
  } else {
    place = skip_no_word(place, rules.others);
  }
  return finish(text, at, place, match);
}

constexpr CaseRules o200k_rules{
    .others = {letter_class, 3, newline_class | slash_class, Newlines::end_a_piece},
    .contractions = true,
    .han_apart = false};
constexpr CaseRules tekken_rules{
    .others = {letter_class, 1, newline_class | slash_class, Newlines::end_a_piece},
    .contractions = false,
    .han_apart = false};
constexpr CaseRules kimi_rules{.others = {letter_class, 3, newline_class, Newlines::end_a_piece},
                               .contractions = true,
                               .han_apart = true};

// Skips one match of DeepSeek's pattern for what is neither a number nor Chinese; false when none begins
// here.
bool skip_deepseek_word(Place& place) {
  constexpr CharacterClasses word_class = letter_class | mark_class;
  constexpr CharacterClasses sign = punctuation_class | symbol_class;
  Place next = place;
  next.step();
  if (place.is(ascii_punctuation_class) && next.is(ascii_letter_class)) {
    next.skip(ascii_letter_class);
    place = next;
    return true;
  }
  if (!place.is(newline_class | letter_class | sign) && next.is(word_class)) {
    next.skip(word_class);
    place = next;
    return true;
  }
  if (place.is(word_class)) {
    place.skip(word_class);
    return true;
  }
  Place signs = behind_space(place);
  if (signs.is(sign)) {
    signs.skip(sign);
    signs.skip(newline_class);
    place = signs;
    return true;
  }
  if (!place.is(space_class)) return false;
  place = skip_white_space(place, Newlines::end_a_piece);
  return true;
}

bool scan_deepseek_words(std::string_view text, int64_t at, TextRange& match) {
  for (Place place(text, at); !place.at_end(); place.step()) {
    const int64_t begin = place.offset_in(text);
    if (skip_deepseek_word(place)) return finish(text, begin, place, match);
  }
  return false;
}

// Finds runs of at most `maximum` characters that `is_wanted`.
template <class IsWanted>
bool scan_runs(std::string_view text, int64_t at, int64_t maximum, const IsWanted& is_wanted,
               TextRange& match) {
  Place place(text, at);
  while (!place.at_end() && !is_wanted(place)) place.step();
  if (place.at_end()) return false;
  const int64_t begin = place.offset_in(text);
  for (int64_t i = 0; i < maximum && !place.at_end() && is_wanted(place); ++i) place.step();
  return finish(text, begin, place, match);
}

constexpr int64_t any_count = INT64_MAX;

template <CharacterClasses any, int64_t maximum>
bool scan_class(std::string_view text, int64_t at, TextRange& match) {
  return scan_runs(text, at, maximum, [](const Place& place) { return place.is(any); }, match);
}

bool scan_cjk(std::string_view text, int64_t at, TextRange& match) {
  const auto is_cjk = [](const Place& place) {
    const char32_t c = place.character();
    return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF);
  };
  return scan_runs(text, at, any_count, is_cjk, match);
}

bool scan_cjk_and_hangul(std::string_view text, int64_t at, TextRange& match) {
  const auto is_cjk = [](const Place& place) {
    const char32_t c = place.character();
    return (c >= 0x800 && c <= 0x9FA5) || (c >= 0xAC00 && c <= 0xD7FF);
  };
  return scan_runs(text, at, any_count, is_cjk, match);
}

// Finds \s+$.
bool scan_last_white_space(std::string_view text, int64_t at, TextRange& match) {
  auto begin = static_cast<int64_t>(text.size());
  while (begin > at) {
    int64_t before = begin - 1;
    while (before > at && (static_cast<unsigned char>(text[static_cast<size_t>(before)]) & 0xC0) == 0x80) {
      --before;
    }
    if (!Place(text, before).is(space_class)) break;
    begin = before;
  }
  match = {begin, static_cast<int64_t>(text.size())};
  return match.begin < match.end;
}

// Finds \s?[…]+.
template <CharacterClasses any>
bool scan_behind_space(std::string_view text, int64_t at, TextRange& match) {
  for (Place place(text, at); !place.at_end(); place.step()) {
    Place word = place;
    if (word.is(space_class)) word.step();
    if (!word.is(any)) continue;
    const int64_t begin = place.offset_in(text);
    word.skip(any);
    return finish(text, begin, word, match);
  }
  return false;
}

constexpr std::array scanners = {
    std::pair(gpt2_pattern, WordScanner(scan_gpt2)),
    std::pair(r50k_pattern, WordScanner(scan_gpt2)),
    std::pair(llama3_pattern, WordScanner(scan_words<llama3_rules>)),
    std::pair(cl100k_pattern, WordScanner(scan_words<cl100k_rules>)),
    std::pair(qwen2_pattern, WordScanner(scan_words<qwen2_rules>)),
    std::pair(qwen35_pattern, WordScanner(scan_words<qwen35_rules>)),
    std::pair(o200k_pattern, WordScanner(scan_case_words<o200k_rules>)),
    std::pair(tekken_pattern, WordScanner(scan_case_words<tekken_rules>)),
    std::pair(kimi_pattern, WordScanner(scan_case_words<kimi_rules>)),
    std::pair(deepseek3_pattern, WordScanner(scan_deepseek_words)),
    std::pair(deepseek3_cjk_pattern, WordScanner(scan_cjk)),
    std::pair(std::string_view("[一-龥぀-ゟ゠-ヿ]+"), WordScanner(scan_cjk)),
    std::pair(deepseek_cjk_pattern, WordScanner(scan_cjk_and_hangul)),
    std::pair(std::string_view("[一-龥ࠀ-一가-퟿]+"), WordScanner(scan_cjk_and_hangul)),
    std::pair(std::string_view(R"(\p{N}{1,3})"), WordScanner(scan_class<number_class, 3>)),
    std::pair(std::string_view(R"(\p{N})"), WordScanner(scan_class<number_class, 1>)),
    std::pair(std::string_view(R"(\p{N}+)"), WordScanner(scan_class<number_class, any_count>)),
    std::pair(std::string_view(R"([\r\n])"), WordScanner(scan_class<newline_class, 1>)),
    std::pair(std::string_view(R"(\s)"), WordScanner(scan_class<space_class, 1>)),
    std::pair(std::string_view(R"(\s+)"), WordScanner(scan_class<space_class, any_count>)),
    std::pair(std::string_view(R"(\s+$)"), WordScanner(scan_last_white_space)),
    std::pair(std::string_view(R"(\s?\p{L}+)"), WordScanner(scan_behind_space<letter_class>)),
    std::pair(std::string_view(R"(\s?\p{P}+)"), WordScanner(scan_behind_space<punctuation_class>)),
};

}  // namespace

WordScanner find_word_scanner(std::string_view pattern) {
  // Some files write a carriage return and a newline themselves where others write \r and
  // .
  std::string written;
  for (const char c : pattern) {
    if (c == '\r' || c == '\n') {
      written += c == '\r' ? "\\r" : "\\n";
    } else {
      written += c;
    }
  }
  const auto found = std::ranges::find(scanners, written, &std::pair<std::string_view, WordScanner>::first);
  return found == scanners.end() ? nullptr : found->second;
}

}  // namespace shoal
