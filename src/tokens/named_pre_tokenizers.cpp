#include <algorithm>
#include <array>
#include <utility>

#include "tokens/tokenizer_steps.h"
#include "tokens/word_patterns.h"

namespace shoal {
namespace {

// The patterns come from the models' own tokenizer files; the names are those that GGUF converters use.
constexpr std::string_view seed_coder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view bailing =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view bloom = " ?[^(\\s|.,!?…。，、।۔،)]+";
constexpr std::string_view deepseek_punctuation =
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)";
// The letters that have a case in the Unicode of 2021.
constexpr std::string_view deepseek_letters =
    R"(\s?[\x{41}-\x{5A}\x{61}-\x{7A}\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF})"
    R"(\x{1C4}-\x{293}\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386})"
    R"(\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556})"
    R"(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
    R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
    R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D})"
    R"(\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3})"
    R"(\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107})"
    R"(\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D})"
    R"(\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184})"
    R"(\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D})"
    R"(\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF})"
    R"(\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F})"
    R"(\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF})"
    R"(\x{1E900}-\x{1E943}]+)";
constexpr std::string_view default_punctuation = R"([\p{P}\$\+<=>\^~\|]+)";

using Named = std::pair<std::vector<std::string_view>, NamedPreTokenizer>;

const std::vector<Named>& table() {
  static const std::vector<Named> pre_tokenizer_table = {
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"},
       {.patterns = {llama3_pattern}, .whole_pieces_first = true, .adds_bos = true}},
      {{"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"}, {.patterns = {llama3_pattern}}},
      {{"qwen2", "deepseek-r1-qwen", "kormo", "megrez"}, {.patterns = {qwen2_pattern}, .composes = true}},
      {{"qwen35"}, {.patterns = {qwen35_pattern}, .composes = true}},
      {{"stablelm2", "hunyuan", "solar-open", "grok-2"}, {.patterns = {qwen2_pattern}}},
      {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"},
       {.patterns = {R"(\p{N})", gpt2_pattern}}},
      {{"gpt-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "phi-2", "exaone4", "mellum",
        "a.x-4.0", "gigachat", "roberta-bpe", "modern-bert"},
       {.patterns = {gpt2_pattern}}},
      {{"gpt-4o", "llama4", "kanana2", "minimax-m2"}, {.patterns = {o200k_pattern}}},
      {{"tekken"}, {.patterns = {tekken_pattern}, .whole_pieces_first = true, .adds_bos = true}},
      {{"kimi-k2"}, {.patterns = {kimi_pattern}}},
      {{"deepseek-v3", "hunyuan-dense", "joyai-llm"},
       {.patterns = {R"(\p{N}{1,3})", deepseek3_cjk_pattern, deepseek3_pattern}}},
      {{"deepseek-llm"},
       {.patterns = {"[\r\n]", deepseek_letters, deepseek_punctuation, "\\s+$", deepseek_cjk_pattern,
                     R"(\p{N}+)"}}},
      {{"deepseek-coder"},
       {.patterns = {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", deepseek_cjk_pattern, R"(\p{N})"}}},
      {{"falcon"}, {.patterns = {R"([\p{P}\$\+<=>\^~\|`]+)", gpt2_pattern, "[0-9][0-9][0-9]"}}},
      {{"seed-coder"}, {.patterns = {seed_coder}}},
      {{"bailingmoe", "bailingmoe2", "llada-moe"}, {.patterns = {bailing}}},
      {{"poro-chat", "bloom", "gpt3-finnish"}, {.patterns = {bloom}}},
      {{"viking"}, {.patterns = {bloom, R"(\p{N})"}}},
      {{"default", ""}, {.patterns = {default_punctuation, gpt2_pattern, R"(\p{N}+)", "[0-9][0-9][0-9]"}}},
  };
  return pre_tokenizer_table;
}

}  // namespace

const NamedPreTokenizer* find_named_pre_tokenizer(std::string_view name) {
  for (const auto& [names, settings] : table()) {
    if (std::ranges::find(names, name) != names.end()) return &settings;
  }
  return nullptr;
}

}  // namespace shoal
