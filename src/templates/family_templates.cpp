#include "templates/family_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace shoal {
namespace {

constexpr std::string_view kimi_template = R"({%- if tools -%}
<|im_system|>tool_declare<|im_middle|>{{ tools | tojson }}<|im_end|>
{%- endif -%}
{%- for message in messages -%}
  {%- if loop.first and message.role != 'system' -%}
    {{ '<|im_system|>system<|im_middle|>You are Kimi, an AI assistant created by Moonshot AI.<|im_end|>\n' }}
  {%- endif -%}
  {%- if message.role == 'user' or message.role == 'assistant' -%}
    {{ '<|im_' + message.role + '|>' + (message.name or message.role) + '<|im_middle|>' }}
  {%- elif message.role == 'tool' -%}
    {{ '<|im_system|>' + (message.name or 'tool') + '<|im_middle|>## Return of ' + message.tool_call_id + '\n' }}
  {%- else -%}
    {{ '<|im_system|>' + message.role + '<|im_middle|>' }}
  {%- endif -%}
  {{ message.content or '' }}
  {%- if message.tool_calls -%}
    <|tool_calls_section_begin|>
    {%- for call in message.tool_calls -%}
      {{ '<|tool_call_begin|>' + call.id + '<|tool_call_argument_begin|>' }}
      {%- set arguments = call.function.arguments -%}
      {{ arguments if arguments is string else arguments | tojson }}<|tool_call_end|>
    {%- endfor -%}
    <|tool_calls_section_end|>
  {%- endif -%}
  <|im_end|>
{%- endfor -%}
{%- if add_generation_prompt -%}<|im_assistant|>assistant<|im_middle|>{%- endif -%})";

constexpr std::string_view harmony_template =
    R"({{- '<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n' -}}
{{- 'Knowledge cutoff: 2024-06\nCurrent date: ' + strftime_now('%Y-%m-%d') + '\n\n' -}}
{{- 'Reasoning: ' + (reasoning_effort or 'medium') + '\n\n' -}}
{{- '# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>' -}}
{%- for message in messages -%}
  {%- if message.role == 'system' or message.role == 'developer' -%}
    {{ '<|start|>developer<|message|># Instructions\n\n' + message.content + '\n\n<|end|>' }}
  {%- elif message.role == 'assistant' -%}
    {{ '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|end|>' }}
  {%- else -%}
    {{ '<|start|>' + message.role + '<|message|>' + message.content + '<|end|>' }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|start|>assistant{%- endif -%})";

constexpr std::string_view llama3 = R"({{- bos_token -}}
{%- for message in messages -%}
  {{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif -%})";

constexpr std::string_view llama4 = R"({{- bos_token -}}
{%- for message in messages -%}
  {{ '<|header_start|>' + message.role + '<|header_end|>\n\n' + message.content | trim + '<|eot|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|header_start|>assistant<|header_end|>\n\n' }}{%- endif -%})";

constexpr std::string_view granite = R"({%- for message in messages -%}
  {{ '<|start_of_role|>' + message.role + '<|end_of_role|>' + message.content + '<|end_of_text|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}<|start_of_role|>assistant<|end_of_role|>{%- endif -%})";

// Phi-4's form of ChatML.
constexpr std::string_view phi4 = R"({%- for message in messages -%}
  {{ '<|im_start|>' + message.role + '<|im_sep|>' + message.content + '<|im_end|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant<|im_sep|>{%- endif -%})";

// The ChatML of Qwen, SmolLM and many others.
constexpr std::string_view chat_ml = R"({%- for message in messages -%}
  {{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%})";

constexpr std::string_view gemma = R"({{- bos_token -}}
{%- set first = namespace(text='') -%}
{%- for message in messages -%}
  {%- if message.role == 'system' -%}
    {%- set first.text = message.content | trim + '\n\n' -%}
  {%- else -%}
    {%- set role = 'model' if message.role == 'assistant' else message.role -%}
    {{ '<start_of_turn>' + role + '\n' + first.text + message.content | trim + '<end_of_turn>\n' }}
    {%- set first.text = '' -%}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%})";

constexpr std::string_view glm = R"([gMASK]<sop>
{%- for message in messages -%}
  {{ '<|' + message.role + '|>\n' + message.content }}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%})";

constexpr std::string_view deepseek = R"({{- bos_token or '<｜begin▁of▁sentence｜>' -}}
{%- for message in messages -%}
  {%- if message.role == 'user' -%}
    {{ '<｜User｜>' + message.content }}
  {%- elif message.role == 'assistant' -%}
    {{ '<｜Assistant｜>' + message.content + '<｜end▁of▁sentence｜>' }}
  {%- else -%}
    {{ message.content }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<｜Assistant｜>{%- endif -%})";

constexpr std::string_view phi3 = R"({%- for message in messages -%}
  {{ '<|' + message.role + '|>\n' + message.content + '<|end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|assistant|>\n' }}{%- endif -%})";

// Mistral's four forms: with or without SentencePiece's spaces (Tekken has none), and the system message
// between marks (since version 7) or before the user's last message.
constexpr std::string_view mistral = R"({{- bos_token -}}
{%- set system = namespace(text='') -%}
{%- for message in messages -%}
  {%- if message.role == 'system' and has_system_marks -%}
    {{ '[SYSTEM_PROMPT]' + space + message.content + '[/SYSTEM_PROMPT]' }}
  {%- elif message.role == 'system' -%}
    {%- set system.text = message.content + '\n\n' -%}
  {%- elif message.role == 'user' -%}
    {{ '[INST]' + space + (system.text if loop.last else '') + message.content + '[/INST]' }}
  {%- else -%}
    {{ space + message.content + (eos_token or '</s>') }}
  {%- endif -%}
{%- endfor -%})";

std::string mistral_of(bool has_system_marks, bool has_spaces) {
  return fmt::format("{{%- set has_system_marks = {} -%}}{{%- set space = '{}' -%}}{}", has_system_marks,
                     has_spaces ? " " : "", mistral);
}

std::string_view mistral_template(const Tokenizer& tokenizer) {
  static const std::array<std::array<std::string, 2>, 2> kinds{
      {{mistral_of(false, false), mistral_of(false, true)},
       {mistral_of(true, false), mistral_of(true, true)}}};
  const std::string_view version = tokenizer.makers_version();
  const bool is_early = version == "v1" || version == "v2" || version == "v3";
  const bool has_marks = tokenizer.find_token("[SYSTEM_PROMPT]").has_value() && !is_early;
  return kinds[has_marks ? 1 : 0][tokenizer.drops_first_space() ? 1 : 0];
}

// The form of LLaVA 1.5.
constexpr std::string_view vicuna = R"({{- bos_token -}}
{%- for message in messages -%}
  {%- if message.role == 'user' -%}
    {{ 'USER: ' + message.content + '\n' }}
  {%- elif message.role == 'assistant' -%}
    {{ 'ASSISTANT: ' + message.content + eos_token + '\n' }}
  {%- else -%}
    {{ message.content }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}ASSISTANT:{%- endif -%})";

struct FamilyTemplate {
  std::array<std::string_view, 3> tokens;  // the vocabulary has all of them
  std::string_view source;
};

// The first match counts, since some families have another's tokens too.
constexpr FamilyTemplate template_table[] = {
    {{"<|im_middle|>", "<|im_user|>", "<|im_assistant|>"}, kimi_template},
    {{"<|start|>", "<|message|>", "<|channel|>"}, harmony_template},
    {{"<|header_start|>", "<|header_end|>", "<|eot|>"}, llama4},
    {{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}, llama3},
    {{"<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"}, granite},
    {{"<|im_start|>", "<|im_sep|>", "<|im_end|>"}, phi4},
    {{"<|im_start|>", "<|im_end|>", ""}, chat_ml},
    {{"<start_of_turn>", "<end_of_turn>", ""}, gemma},
    {{"[gMASK]", "<sop>", "<|user|>"}, glm},
    {{"<｜User｜>", "<｜Assistant｜>", ""}, deepseek},
    {{"<|user|>", "<|assistant|>", "<|end|>"}, phi3},
    {{"[INST]", "[/INST]", ""}, mistral},
    {{"<image>", "<s>", "</s>"}, vicuna},
};

}  // namespace

std::string_view find_family_template(const Tokenizer& tokenizer) {
  const auto has = [&](std::string_view token) { return token.empty() || tokenizer.find_token(token); };
  const auto found = std::ranges::find_if(
      template_table, [&](const FamilyTemplate& family) { return std::ranges::all_of(family.tokens, has); });
  if (found == std::end(template_table)) return {};
  return found->source == mistral ? mistral_template(tokenizer) : found->source;
}

}  // namespace shoal
