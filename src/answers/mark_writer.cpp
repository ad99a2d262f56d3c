#include "answers/mark_writer.h"

#include <algorithm>

#include "grammar/text_until.h"
#include "json/white_space.h"

namespace shoal {

Expression some_space() {
  constexpr int64_t maximum_spaces = 16;
  const Expression indent = repeated(any_of({{' ', ' '}, {'\t', '\t'}}), 0, maximum_spaces);
  return sequence_of({repeated(literal_text(" "), 0, maximum_spaces),
                      repeated(sequence_of({literal_text("\n"), indent}), 0, 1)});
}

MarkWriter::MarkWriter(const AnswerStyle& format, const Tokenizer& tokenizer) : markup_(markup_of(format)) {
  for (const TokenId token : find_markup_tokens(format, tokenizer)) {
    special_.emplace_back(tokenizer.token_bytes(token));
    const bool is_end = std::ranges::binary_search(tokenizer.end_tokens(), token);
    if (is_end) ends_.push_back(special_.back());
  }
  std::ranges::sort(markup_, std::greater(), &std::string_view::size);
}

Expression MarkWriter::mark(std::string_view written) const {
  if (std::ranges::find(ends_, written) != ends_.end()) return empty_text();
  const bool is_special = std::ranges::find(special_, written) != special_.end();
  return is_special ? special_token(written) : literal_text(written);
}

std::vector<Expression> MarkWriter::readings(std::string_view written) const {
  std::vector<Expression> all;
  all.push_back(literal_text(written));
  if (std::ranges::find(special_, written) != special_.end()) all.push_back(special_token(written));
  return all;
}

Expression MarkWriter::write(std::string_view pattern, const Expression& number, const Expression& id) const {
  std::vector<Expression> parts;
  while (!pattern.empty()) {
    const auto found =
        std::ranges::find_if(markup_, [&](std::string_view written) { return pattern.starts_with(written); });
    size_t length = 1;
    if (found != markup_.end()) {
      length = found->size();
      parts.push_back(mark(*found));
    } else if (is_white_space(pattern.front())) {
      length = std::min(pattern.find_first_not_of(" \n"), pattern.size());
      parts.push_back(some_space());
    } else if (pattern.front() == '~') {
      parts.push_back(literal_text("\n"));
    } else if (pattern.front() == '#') {
      parts.push_back(number);
    } else if (pattern.front() == '@') {
      parts.push_back(id);
    } else {
      while (length < pattern.size() && (static_cast<unsigned char>(pattern[length]) & 0xC0) == 0x80)
        ++length;
      parts.push_back(literal_text(pattern.substr(0, length)));
    }
    pattern.remove_prefix(length);
  }
  return sequence_of(std::move(parts));
}

Expression MarkWriter::symbol_besides(const std::vector<std::string_view>& marks) const {
  std::vector<Expression> choices;
  choices.push_back(any_character());
  for (const std::string& written : special_) {
    const bool is_end = std::ranges::find(ends_, written) != ends_.end();
    if (!is_end && std::ranges::find(marks, written) == marks.end())
      choices.push_back(special_token(written));
  }
  return choice_of(std::move(choices));
}

}  // namespace shoal
