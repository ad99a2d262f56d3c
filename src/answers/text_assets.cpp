#include "answers/text_assets.h"

#include <fmt/format.h>

#include <algorithm>

#include "answers/context_length.h"
#include "answers/described_tools.h"
#include "base/byte_order_mark.h"
#include "base/log.h"
#include "base/os.h"
#include "files/gguf.h"
#include "files/python_json.h"
#include "json/members.h"
#include "templates/continued_chat.h"
#include "templates/family_templates.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

// A JSON file of a model folder; null when it is missing.
Result<Value> read_json(const fs::path& path) {
  if (!fs::exists(path)) return Value();
  const Result<std::string> text = os::read_text_file(path);
  if (!text) return fail(text.error());
  Result<Value> value = parse_json(plain_json(*text));
  if (!value)
    return fail(ErrorCode::corrupt_data, fmt::format("{}: {}", path.string(), value.error().message));
  return value;
}

// The text of a token given as "</s>" or as {"content": "</s>", …}.
std::string token_text(const Value& config, std::string_view name) {
  const Value* token = config.find(name);
  if (token != nullptr && token->object() != nullptr) return text_member(*token, "content");
  return text_member(config, name);
}

// Adds the ids of eos_token_id, which is a number or a list.
Result<void> add_end_ids(const Value& config, int64_t vocabulary_size, std::vector<TokenId>& ids) {
  const Value* eos = config.find("eos_token_id");
  if (eos == nullptr || eos->is_null()) return {};
  const Value::Array one = {*eos};
  for (const Value& id : eos->array() != nullptr ? *eos->array() : one) {
    if (id.integer() == nullptr || *id.integer() < 0 || *id.integer() >= Vocabulary::maximum_size) {
      return fail(ErrorCode::corrupt_data, fmt::format("eos_token_id is {}", format_json(*eos)));
    }
    // Some configurations name an id that the vocabulary does not have; it can never be generated.
    if (*id.integer() < vocabulary_size) ids.push_back(static_cast<TokenId>(*id.integer()));
  }
  return {};
}

std::optional<double> number_of(const Value& config, std::string_view name) {
  const Value* value = config.find(name);
  if (value == nullptr) return std::nullopt;
  if (const double* number = value->number()) return *number;
  if (const int64_t* integer = value->integer()) return static_cast<double>(*integer);
  return std::nullopt;
}

GenerationDefaults read_defaults(const Value& config) {
  GenerationDefaults defaults;
  defaults.temperature = number_of(config, "temperature");
  defaults.top_p = number_of(config, "top_p");
  defaults.min_p = number_of(config, "min_p");
  defaults.repetition_penalty = number_of(config, "repetition_penalty");
  const Value* top_k = config.find("top_k");
  if (top_k != nullptr && top_k->integer() != nullptr) defaults.top_k = *top_k->integer();
  // do_sample: false means greedy decoding.
  const Value* sampled = config.find("do_sample");
  if (!defaults.temperature && sampled != nullptr && sampled->boolean() != nullptr && !*sampled->boolean()) {
    defaults.temperature = 0;
  }
  return defaults;
}

// The template in a tokenizer_config.json, which has one or several with names.
std::string template_in(const Value& config) {
  const Value* source = config.find("chat_template");
  if (source == nullptr) return {};
  if (source->text() != nullptr) return *source->text();
  if (source->array() == nullptr) return {};
  for (const Value& entry : *source->array()) {
    const Value* name = entry.find("name");
    const Value* text = entry.find("template");
    if (name != nullptr && name->text() != nullptr && *name->text() == "default" && text != nullptr &&
        text->text() != nullptr) {
      return *text->text();
    }
  }
  return {};
}

Result<std::string> find_template(const fs::path& folder, const Value& tokenizer_config) {
  if (fs::exists(folder / "chat_template.jinja")) return os::read_text_file(folder / "chat_template.jinja");
  if (std::string source = template_in(tokenizer_config); !source.empty()) return source;
  const Result<Value> json = read_json(folder / "chat_template.json");
  if (!json) return fail(json.error());
  return template_in(*json);
}

void set_template(std::string_view source, TextAssets& assets) {
  if (source.empty()) source = find_family_template(*assets.tokenizer);
  if (source.empty()) {
    assets.chat_template_problem = "the model's files have none, and its special tokens are no family's";
    return;
  }
  source = without_byte_order_mark(source);
  Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  if (parsed) {
    assets.chat_template = std::move(*parsed);
    assets.answer_format = choose_answer_style(source, *assets.tokenizer);
    assets.markup_tokens = find_markup_tokens(assets.answer_format, *assets.tokenizer);
    assets.argument_form = find_argument_form(*assets.chat_template, assets.answer_format);
  } else {
    assets.chat_template_problem = parsed.error().message;
    log_warning("this model cannot chat: {}", parsed.error().message);
  }
}

Result<TextAssets> load_gguf(const fs::path& path) {
  Result<os::MappedFile> mapped = os::MappedFile::open(path);
  if (!mapped) return fail(mapped.error());
  Result<GgufFile> file = parse_gguf(mapped->bytes());
  if (!file) return fail(file.error());
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = parse_tokenizer_gguf(*file);
  if (!tokenizer) return fail(tokenizer.error());
  TextAssets assets;
  if ((*tokenizer)->bos()) assets.bos_text = (*tokenizer)->token_bytes(*(*tokenizer)->bos());
  if ((*tokenizer)->eos()) assets.eos_text = (*tokenizer)->token_bytes(*(*tokenizer)->eos());
  assets.tokenizer = std::move(*tokenizer);
  const std::string source = file->find_text("tokenizer.chat_template").value_or("");
  set_template(source, assets);
  assets.defaults.temperature = file->find_number("general.sampling.temp");
  assets.defaults.top_p = file->find_number("general.sampling.top_p");
  assets.defaults.top_k = file->find_integer("general.sampling.top_k");
  assets.defaults.min_p = file->find_number("general.sampling.min_p");
  assets.defaults.repetition_penalty = file->find_number("general.sampling.penalty_repeat");
  return assets;
}

struct FolderConfigs {
  Value tokenizer;
  Value generation;
  Value model;
};

Result<FolderConfigs> read_configs(const fs::path& folder) {
  FolderConfigs configs;
  for (const auto& [name, target] :
       {std::pair("tokenizer_config.json", &configs.tokenizer),
        std::pair("generation_config.json", &configs.generation), std::pair("config.json", &configs.model)}) {
    Result<Value> value = read_json(folder / name);
    if (!value) return fail(value.error());
    *target = std::move(*value);
  }
  return configs;
}

// Sets bos, eos and the end tokens from the files that name them.
Result<void> set_special_tokens(const FolderConfigs& configs, ComposedTokenizer& tokenizer,
                                TextAssets& assets) {
  assets.bos_text = token_text(configs.tokenizer, "bos_token");
  assets.eos_text = token_text(configs.tokenizer, "eos_token");
  std::optional<TokenId> bos = tokenizer.bos();
  if (!assets.bos_text.empty()) {
    bos = tokenizer.find_token(assets.bos_text);
  } else if (bos) {
    assets.bos_text = tokenizer.token_bytes(*bos);
  }
  bool adds_bos = tokenizer.adds_bos();
  const Value* flag = configs.tokenizer.find("add_bos_token");
  if (flag != nullptr && flag->boolean() != nullptr) adds_bos = *flag->boolean();
  tokenizer.set_bos(bos, adds_bos);

  std::vector<TokenId> ends = tokenizer.end_tokens();
  const Value* text_config = configs.model.find("text_config");
  for (const Value* config : {&configs.generation, &configs.model, text_config}) {
    if (config == nullptr) continue;
    if (Result<void> added = add_end_ids(*config, tokenizer.vocabulary_size(), ends); !added) return added;
  }
  if (assets.eos_text.empty() && tokenizer.eos()) {
    assets.eos_text = tokenizer.token_bytes(*tokenizer.eos());
  } else if (!assets.eos_text.empty()) {
    tokenizer.set_eos(tokenizer.find_token(assets.eos_text));
    if (tokenizer.eos()) ends.push_back(*tokenizer.eos());
  }
  tokenizer.set_end_tokens(std::move(ends));
  return {};
}

Result<TextAssets> load_folder(const fs::path& folder) {
  Result<FolderConfigs> configs = read_configs(folder);
  if (!configs) return fail(configs.error());
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = load_composed_tokenizer(folder);
  if (!tokenizer) return fail(tokenizer.error());
  TextAssets assets;
  if (Result<void> set = set_special_tokens(*configs, **tokenizer, assets); !set) {
    return fail(set.error(), folder.string());
  }
  assets.tokenizer = std::move(*tokenizer);
  assets.defaults = read_defaults(configs->generation);
  const Result<std::string> source = find_template(folder, configs->tokenizer);
  if (!source) return fail(source.error());
  set_template(*source, assets);
  return assets;
}

}  // namespace

Result<TextAssets> load_text_assets(const fs::path& model) {
  std::error_code ignored;
  if (!fs::is_directory(model, ignored)) return load_gguf(model);
  return load_folder(model);
}

namespace {

Result<RenderedChat> render(const TextAssets& assets, const Value& context) {
  if (!assets.chat_template) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the model has no usable chat template: {}", assets.chat_template_problem));
  }
  if (context.object() == nullptr)
    return fail(ErrorCode::invalid_argument, "the chat's context is no object");
  Value complete = adapt_chat_context(context, assets.answer_format, assets.argument_form);
  complete.set("bos_token", assets.bos_text);
  complete.set("eos_token", assets.eos_text);
  // Hugging Face's programs give these to every template, so that "is not none" tells whether there are any.
  for (const char* name : {"tools", "documents"}) {
    if (complete.find(name) == nullptr) complete.set(name, Value());
  }
  Result<RenderedChat> rendered = assets.chat_template->render_marked(complete);
  if (!rendered || !continues_last_message(context)) return rendered;
  if (Result<void> cut = cut_behind_last_message(context, *rendered); !cut) return fail(cut.error());
  return rendered;
}

// A prompt with more tokens than the context and this many more is refused without counting them.
constexpr int64_t counted_excess = 1 << 16;

Result<std::vector<TokenId>> make_prompt(const Tokenizer& tokenizer, std::string_view text,
                                         std::span<const TextRange> literal, int64_t context_length) {
  const int64_t limit = std::min(context_length, no_token_limit - counted_excess) + counted_excess;
  Result<BoundedTokens> encoded = tokenizer.encode_bounded(text, literal, limit);
  if (!encoded) return fail(encoded.error());
  if (encoded->exceed_limit) {
    return fail(too_long_prompt(fmt::format("more than {}", limit), context_length));
  }
  std::vector<TokenId>& ids = encoded->ids;
  const std::optional<TokenId> bos = tokenizer.bos();
  const bool wanted = tokenizer.adds_bos() && bos && (ids.empty() || ids.front() != *bos);
  if (wanted) ids.insert(ids.begin(), *bos);
  return std::move(ids);
}

}  // namespace

Result<std::string> TextAssets::render_chat(const Value& context) const {
  Result<RenderedChat> rendered = render(*this, context);
  if (!rendered) return fail(rendered.error());
  return std::move(rendered->text);
}

Result<std::vector<TokenId>> TextAssets::chat_prompt(const Value& context) const {
  Result<OpenedChat> opened = open_chat(context, {}, no_token_limit);
  if (!opened) return fail(opened.error());
  return std::move(opened->prompt);
}

namespace {

// A model whose template takes no tools has them described in words and calls them as Hermes does.
AnswerStyle format_with(const ToolUse& tools, AnswerStyle format) {
  if (tools.choice != ToolChoice::none && format.calls == CallStyle::none) format.calls = CallStyle::hermes;
  return format;
}

// The text of the prompt's last tokens, which contain whatever opens the answer.
std::string last_text(std::span<const TokenId> prompt, const Tokenizer& tokenizer) {
  constexpr size_t shown_tokens = 24;
  const std::span<const TokenId> last = prompt.last(std::min(prompt.size(), shown_tokens));
  std::string text;
  for (const TokenId token : last) text += tokenizer.token_bytes(token);
  return text;
}

}  // namespace

Result<OpenedChat> TextAssets::open_chat(const Value& context, const ToolUse& tools,
                                         int64_t context_length) const {
  const bool takes_tools = tools.choice == ToolChoice::none || answer_format.calls != CallStyle::none;
  Result<RenderedChat> rendered = render(*this, takes_tools ? context : with_described_tools(context));
  if (!rendered) return fail(rendered.error());
  Result<std::vector<TokenId>> prompt =
      make_prompt(*tokenizer, rendered->text, rendered->from_context, context_length);
  if (!prompt) return fail(prompt.error());
  OpenedChat opened{.prompt = *std::move(prompt), .opening = {}};
  opened.opening = opening_of(opened.prompt, tools);
  return opened;
}

AnswerOpening TextAssets::opening_of(std::span<const TokenId> prompt, const ToolUse& tools) const {
  const AnswerStyle format = format_with(tools, answer_format);
  return {.format = format, .prefix = read_prompt_end(last_text(prompt, *tokenizer), format).already};
}

AnswerForm TextAssets::form_of(std::span<const TokenId> prompt, const ToolUse& tools,
                               OutputFormat output) const {
  AnswerForm form{.output = std::move(output), .format = format_with(tools, answer_format), .tools = tools};
  form.thinking = read_prompt_end(last_text(prompt, *tokenizer), form.format).thinking;
  // A special token is in the prompt only where the template has put it, so its count is the count of calls.
  if (form.format.calls == CallStyle::kimi) {
    const auto mark = tokenizer->find_token(call_format(form.format.calls).openers.front().marker);
    if (mark) form.calls_before = std::ranges::count(prompt, *mark);
  }
  return form;
}

Result<std::vector<TokenId>> TextAssets::plain_prompt(std::string_view text, int64_t context_length) const {
  const TextRange all{0, static_cast<int64_t>(text.size())};
  return make_prompt(*tokenizer, text, {&all, 1}, context_length);
}

}  // namespace shoal
