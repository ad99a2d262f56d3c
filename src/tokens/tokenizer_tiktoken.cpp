#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/byte_order_mark.h"
#include "tokens/base64.h"
#include "tokens/ranked_pieces.h"
#include "tokens/tokenizer_files.h"
#include "tokens/tokenizer_markup.h"
#include "tokens/tokenizer_steps.h"

namespace shoal {
namespace {

struct Special {
  int64_t id;
  std::string_view content;
};

// Names for ids without a meaning of their own: `name` with a number that counts up from `number`.
struct Reserved {
  int64_t first;
  int64_t last;  // included
  std::string_view name;
  int64_t number;
};

struct Family {
  std::string_view name;
  int64_t ranks;
  std::string_view pre_tokenizer;  // its name in GGUF
  std::vector<Special> specials;
  std::vector<Reserved> reserved;  // for ids that no special token has
  int64_t size;                    // of the vocabulary, with the special tokens
  std::string_view bos;
  std::string_view eos;
};

const std::vector<Family>& families() {
  static const std::vector<Family> family_table = {
      {"cl100k",
       100'256,
       "llama-bpe",
       {{100'257, "<|endoftext|>"},
        {100'258, "<|fim_prefix|>"},
        {100'259, "<|fim_middle|>"},
        {100'260, "<|fim_suffix|>"},
        {100'276, "<|endofprompt|>"}},
       {},
       100'277,
       "",
       "<|endoftext|>"},
      {"o200k",
       199'998,
       "gpt-4o",
       {{199'998, "<|startoftext|>"},
        {199'999, "<|endoftext|>"},
        {200'002, "<|return|>"},
        {200'003, "<|constrain|>"},
        {200'005, "<|channel|>"},
        {200'006, "<|start|>"},
        {200'007, "<|end|>"},
        {200'008, "<|message|>"},
        {200'012, "<|call|>"},
        {200'018, "<|endofprompt|>"}},
       {{200'000, 201'087, "<|reserved_{}|>", 200'000}},
       201'088,
       "",
       "<|endoftext|>"},
      {"llama3",
       128'000,
       "llama-bpe",
       {{128'000, "<|begin_of_text|>"},
        {128'001, "<|end_of_text|>"},
        {128'002, "<|reserved_special_token_0|>"},
        {128'003, "<|reserved_special_token_1|>"},
        {128'004, "<|finetune_right_pad_id|>"},
        {128'005, "<|step_id|>"},
        {128'006, "<|start_header_id|>"},
        {128'007, "<|end_header_id|>"},
        {128'008, "<|eom_id|>"},
        {128'009, "<|eot_id|>"},
        {128'010, "<|python_tag|>"},
        {128'011, "<|image|>"}},
       {{128'012, 128'255, "<|reserved_special_token_{}|>", 2}},
       128'256,
       "<|begin_of_text|>",
       "<|end_of_text|>"},
      {"llama4",
       200'000,
       "llama4",
       {{200'000, "<|begin_of_text|>"},
        {200'001, "<|end_of_text|>"},
        {200'002, "<|fim_prefix|>"},
        {200'003, "<|fim_middle|>"},
        {200'004, "<|fim_suffix|>"},
        {200'005, "<|header_start|>"},
        {200'006, "<|header_end|>"},
        {200'007, "<|eom|>"},
        {200'008, "<|eot|>"},
        {200'009, "<|step|>"},
        {200'016, "<|python_start|>"},
        {200'017, "<|python_end|>"},
        {200'018, "<|finetune_right_pad|>"},
        {200'080, "<|image_start|>"},
        {200'081, "<|image_end|>"},
        {200'084, "<|tile_x_separator|>"},
        {200'085, "<|tile_y_separator|>"},
        {200'090, "<|image|>"},
        {200'092, "<|patch|>"},
        {201'142, "<|reasoning_thinking_start|>"},
        {201'143, "<|reasoning_thinking_end|>"}},
       {{200'010, 200'015, "<|text_post_train_reserved_special_token_{}|>", 0},
        {200'019, 200'079, "<|text_post_train_reserved_special_token_{}|>", 8},
        {200'082, 200'083, "<|vision_reserved_special_token_{}|>", 0},
        {200'086, 200'089, "<|vision_reserved_special_token_{}|>", 2},
        {200'091, 200'091, "<|vision_reserved_special_token_{}|>", 6},
        {200'093, 201'133, "<|vision_reserved_special_token_{}|>", 7},
        {201'134, 201'141, "<|reasoning_reserved_special_token_{}|>", 0},
        {201'144, 202'047, "<|reserved_special_token_{}|>", 0}},
       202'048,
       "<|begin_of_text|>",
       "<|end_of_text|>"},
      {"kimi",
       163'584,
       "kimi-k2",
       {{163'584, "[BOS]"},
        {163'585, "[EOS]"},
        {163'586, "<|im_end|>"},
        {163'587, "<|im_user|>"},
        {163'588, "<|im_assistant|>"},
        {163'590, "<|start_header_id|>"},
        {163'591, "<|end_header_id|>"},
        {163'593, "[EOT]"},
        {163'594, "<|im_system|>"},
        {163'595, "<|tool_calls_section_begin|>"},
        {163'596, "<|tool_calls_section_end|>"},
        {163'597, "<|tool_call_begin|>"},
        {163'598, "<|tool_call_argument_begin|>"},
        {163'599, "<|tool_call_end|>"},
        {163'601, "<|im_middle|>"},
        {163'602, "<|media_begin|>"},
        {163'603, "<|media_content|>"},
        {163'604, "<|media_end|>"},
        {163'605, "<|media_pad|>"},
        {163'606, "<think>"},
        {163'607, "</think>"},
        {163'838, "[UNK]"},
        {163'839, "[PAD]"}},
       {{163'584, 163'839, "<|reserved_token_{}|>", 163'584}},
       163'840,
       "[BOS]",
       "[EOS]"},
  };
  return family_table;
}

// Whether a special token stays hidden. Tool calls and thoughts are shown, since the readers of answers look
// for them.
bool is_hidden(std::string_view content) {
  return !content.starts_with("<|tool_call") && content != "<think>" && content != "</think>";
}

void add_specials(const Family& family, const std::vector<AddedToken>& named, TokenizerParts& parts) {
  for (int64_t id = family.ranks; id < family.size; ++id) {
    const auto known = std::ranges::find(family.specials, id, &Special::id);
    const auto told = std::ranges::find(named, static_cast<TokenId>(id), &AddedToken::id);
    std::string content;
    if (told != named.end()) {
      content = told->content;
    } else if (known != family.specials.end() &&
               std::ranges::find(named, known->content, &AddedToken::content) == named.end()) {
      content = known->content;
    } else {
      const auto reserved = std::ranges::find_if(
          family.reserved, [&](const Reserved& range) { return range.first <= id && id <= range.last; });
      if (reserved == family.reserved.end()) continue;
      content = fmt::format(fmt::runtime(reserved->name), id - reserved->first + reserved->number);
    }
    AddedToken token{.id = static_cast<TokenId>(id), .content = std::move(content)};
    token.special = told != named.end() ? told->special : is_hidden(token.content);
    token.markup = true;
    if (token.content == family.bos) parts.bos = token.id;
    if (token.content == family.eos) parts.eos = token.id;
    parts.added.push_back(std::move(token));
  }
  parts.adds_bos = parts.bos.has_value() && family.name != "kimi";
  parts.end_tokens = find_end_tokens(parts.added);
  if (parts.eos) parts.end_tokens.push_back(*parts.eos);
}

Result<RankedPieces> read_lines(std::string_view text, int64_t& count) {
  RankedPieces read;
  const int64_t lines = std::ranges::count(text, '\n');
  read.settings.pieces.reserve(lines, 8 * lines);
  read.vocabulary.reserve(lines, 8 * lines);
  std::string bytes;
  for (int64_t line = 1; !text.empty(); ++line) {
    const size_t end = text.find('\n');
    std::string_view entry = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (entry.ends_with('\r')) entry.remove_suffix(1);
    if (entry.empty()) continue;
    const size_t space = entry.find(' ');
    int64_t rank = -1;
    if (space != std::string_view::npos) {
      std::from_chars(entry.data() + space + 1, entry.data() + entry.size(), rank);
    }
    if (rank < 0 || rank >= Vocabulary::maximum_size || !decode_base64(entry.substr(0, space), bytes)) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("line {} is not a piece in base64 and its rank", line));
    }
    if (Result<void> added = read.add(bytes, rank, static_cast<TokenId>(rank)); !added)
      return fail(added.error());
    ++count;
  }
  return read;
}

// "kimi_k2" and "o200k_base" also name the families kimi and o200k.
bool goes_by(const Family& family, std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_' && c != '-') plain += c;
  }
  const auto is = [&](std::string_view suffix) { return plain == std::string(family.name).append(suffix); };
  return is("") || is("base") || is("harmony") || is("k2");
}

Result<std::unique_ptr<ComposedTokenizer>> build_tiktoken(std::string_view text, std::string_view pattern,
                                                          const std::vector<AddedToken>& named) {
  int64_t count = 0;
  Result<RankedPieces> read = read_lines(text, count);
  if (!read) return fail(read.error());
  const auto family = std::ranges::find_if(families(), [&](const Family& candidate) {
    return pattern.empty() ? candidate.ranks == count : goes_by(candidate, pattern);
  });
  if (family == families().end()) {
    return fail(
        ErrorCode::invalid_argument,
        pattern.empty()
            ? fmt::format("a vocabulary of {} ranks is nobody's that is known; name its pattern "
                          "(cl100k, o200k, llama3, llama4, kimi)",
                          count)
            : fmt::format("there is no pattern '{}', only cl100k, o200k, llama3, llama4, kimi", pattern));
  }
  TokenizerParts parts;
  parts.vocabulary = std::move(read->vocabulary);
  if (family->ranks == count) add_specials(*family, named, parts);
  std::vector<PreTokenizerStep> steps;
  for (const std::string_view expression : find_named_pre_tokenizer(family->pre_tokenizer)->patterns) {
    Result<SplitStep> step = make_split(expression);
    if (!step) return fail(step.error());
    steps.push_back(std::move(*step));
  }
  parts.pre_tokenizer = PreTokenizer(std::move(steps));
  parts.model = std::make_unique<TextBpe>(std::move(read->settings));
  return ComposedTokenizer::make(std::move(parts));
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> parse_tiktoken(std::string_view text, std::string_view pattern,
                                                          const std::vector<AddedToken>& named) {
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer =
      build_tiktoken(without_byte_order_mark(text), pattern, named);
  if (!tokenizer) return fail(tokenizer.error(), "tiktoken file");
  return tokenizer;
}

}  // namespace shoal
