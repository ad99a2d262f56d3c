#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "json/members.h"
#include "json/value.h"
#include "tokens/base64.h"
#include "tokens/ranked_pieces.h"
#include "tokens/tokenizer_files.h"
#include "tokens/tokenizer_steps.h"

namespace shoal {
namespace {

constexpr std::array<std::string_view, 20> special_names = {"<unk>",
                                                            "<s>",
                                                            "</s>",
                                                            "[INST]",
                                                            "[/INST]",
                                                            "[AVAILABLE_TOOLS]",
                                                            "[/AVAILABLE_TOOLS]",
                                                            "[TOOL_RESULTS]",
                                                            "[/TOOL_RESULTS]",
                                                            "[TOOL_CALLS]",
                                                            "[IMG]",
                                                            "<pad>",
                                                            "[IMG_BREAK]",
                                                            "[IMG_END]",
                                                            "[PREFIX]",
                                                            "[MIDDLE]",
                                                            "[SUFFIX]",
                                                            "[SYSTEM_PROMPT]",
                                                            "[/SYSTEM_PROMPT]",
                                                            "[TOOL_CONTENT]"};

// The sizes of the vocabulary: its first ids are the special tokens, the pieces follow.
struct TekkenSizes {
  int64_t specials;
  int64_t ranks;
};

Result<TekkenSizes> read_sizes(const Value& config) {
  const int64_t specials = integer_member(config, "default_num_special_tokens");
  const int64_t size = integer_member(config, "default_vocab_size");
  if (specials < 3 || size < specials || size > Vocabulary::maximum_size) {
    return fail(ErrorCode::corrupt_data, "config or vocab is missing or wrong");
  }
  return TekkenSizes{.specials = specials, .ranks = size - specials};
}

Result<RankedPieces> read_pieces(const Value::Array& entries, const TekkenSizes& sizes) {
  RankedPieces read;
  std::string bytes;
  for (const Value& entry : entries) {
    const Value* rank = entry.find("rank");
    const Value* piece = entry.find("token_bytes");
    if (rank == nullptr || rank->integer() == nullptr || piece == nullptr || piece->text() == nullptr ||
        *rank->integer() < 0 || !decode_base64(*piece->text(), bytes)) {
      return fail(ErrorCode::corrupt_data, "an entry of vocab is wrong");
    }
    if (*rank->integer() >= sizes.ranks) continue;  // the file has more pieces than the model uses
    const auto id = static_cast<TokenId>(*rank->integer() + sizes.specials);
    if (Result<void> added = read.add(bytes, *rank->integer(), id); !added) return fail(added.error());
  }
  return read;
}

// The names of the special tokens by id. A file that lists none has those of the first files.
Result<std::vector<std::string>> read_special_names(const Value& file, int64_t count) {
  std::vector<std::string> names(special_names.begin(), special_names.end());
  const Value* listed = file.find("special_tokens");
  if (listed != nullptr && listed->array() != nullptr) {
    for (const Value& entry : *listed->array()) {
      const Value* rank = entry.find("rank");
      const Value* name = entry.find("token_str");
      if (rank == nullptr || rank->integer() == nullptr || name == nullptr || name->text() == nullptr ||
          *rank->integer() < 0 || *rank->integer() >= count) {
        return fail(ErrorCode::corrupt_data, "an entry of special_tokens is wrong");
      }
      const auto index = static_cast<size_t>(*rank->integer());
      names.resize(std::max(names.size(), index + 1));
      names[index] = *name->text();
    }
  }
  names.resize(static_cast<size_t>(count));
  return names;
}

void add_specials(std::vector<std::string> names, TokenizerParts& parts) {
  for (size_t id = 0; id < names.size(); ++id) {
    AddedToken token{.id = static_cast<TokenId>(id),
                     .content = names[id].empty() ? fmt::format("<SPECIAL_{}>", id) : std::move(names[id])};
    token.special = token.markup = true;
    parts.added.push_back(std::move(token));
  }
  parts.bos = 1;
  parts.eos = 2;
  parts.adds_bos = true;
  parts.end_tokens = {2};
}

Result<std::unique_ptr<ComposedTokenizer>> build_tekken(const Value& file) {
  const Value* config = file.find("config");
  const Value* entries = file.find("vocab");
  const Value* pattern = config == nullptr ? nullptr : config->find("pattern");
  if (entries == nullptr || entries->array() == nullptr || pattern == nullptr || pattern->text() == nullptr) {
    return fail(ErrorCode::corrupt_data, "config or vocab is missing or wrong");
  }
  const Result<TekkenSizes> sizes = read_sizes(*config);
  if (!sizes) return fail(sizes.error());
  Result<RankedPieces> read = read_pieces(*entries->array(), *sizes);
  if (!read) return fail(read.error());
  Result<std::vector<std::string>> names = read_special_names(file, sizes->specials);
  if (!names) return fail(names.error());
  Result<SplitStep> step = make_split(*pattern->text());
  if (!step) return fail(step.error());

  TokenizerParts parts;
  parts.makers_version = text_member(*config, "version");
  add_specials(*std::move(names), parts);
  std::vector<PreTokenizerStep> steps;
  steps.push_back(std::move(*step));
  parts.pre_tokenizer = PreTokenizer(std::move(steps));
  parts.vocabulary = std::move(read->vocabulary);
  parts.model = std::make_unique<TextBpe>(std::move(read->settings));
  return ComposedTokenizer::make(std::move(parts));
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> parse_tekken(std::string_view json) {
  const Result<Value> file = parse_json(json);
  if (!file) return fail(file.error(), "tekken.json");
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = build_tekken(*file);
  if (!tokenizer) return fail(tokenizer.error(), "tekken.json");
  return tokenizer;
}

}  // namespace shoal
