#include "tokens/tokenizer_steps.h"

#include <fmt/format.h>

#include "json/members.h"
#include "tokens/base64.h"
#include "tokens/word_patterns.h"

namespace shoal {
namespace {

// Reads a pattern of tokenizer.json: {"Regex": …} or {"String": …}.
Result<Pattern> read_pattern(const Value& component) {
  const Value* pattern = component.find("pattern");
  if (pattern != nullptr && pattern->find("Regex") != nullptr) {
    return Pattern::compile(text_member(*pattern, "Regex"));
  }
  const std::string literal = pattern == nullptr ? "" : text_member(*pattern, "String");
  if (literal.empty()) return fail(ErrorCode::corrupt_data, "a step has no pattern, or an empty one");
  return Pattern::literal(literal);
}

Result<SplitBehavior> behavior_of(const Value& component) {
  const std::string name = text_member(component, "behavior");
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  return fail(ErrorCode::corrupt_data, fmt::format("there is no split behavior '{}'", name));
}

Result<void> push_split(std::vector<PreTokenizerStep>& steps, std::string_view pattern,
                        SplitBehavior behavior, bool invert) {
  Result<Pattern> compiled = Pattern::compile(pattern);
  if (!compiled) return fail(compiled.error());
  steps.push_back(SplitStep{std::move(*compiled), behavior, invert});
  return {};
}

Result<void> push_metaspace(const Value& component, std::vector<PreTokenizerStep>& steps) {
  MetaspaceStep step{.replacement = text_member(component, "replacement"),
                     .prepend = MetaspaceStep::Prepend::always,
                     .split = boolean_member(component, "split", true)};
  if (step.replacement.empty()) step.replacement = space_mark;
  const std::string scheme = text_member(component, "prepend_scheme");
  if (scheme == "never" || (scheme.empty() && !boolean_member(component, "add_prefix_space", true))) {
    step.prepend = MetaspaceStep::Prepend::never;
  } else if (scheme == "first") {
    step.prepend = MetaspaceStep::Prepend::first;
  }
  steps.push_back(std::move(step));
  return {};
}

}  // namespace

bool has_mark_inside(std::string_view piece) {
  size_t begin = 0;
  while (piece.substr(begin).starts_with(space_mark)) begin += space_mark.size();
  return piece.find(space_mark, begin) != std::string_view::npos;
}

Result<SplitStep> make_split(std::string_view pattern) {
  Result<Pattern> compiled = Pattern::compile(pattern);
  if (!compiled) return fail(compiled.error());
  return SplitStep{std::move(*compiled), SplitBehavior::isolated, /*invert=*/false};
}

Result<void> read_normalizer_step(const Value& component, std::vector<NormalizerStep>& steps) {
  const std::string type = text_member(component, "type");
  if (type == "NFC") {
    steps.push_back(NormalForm::nfc);
  } else if (type == "NFD") {
    steps.push_back(NormalForm::nfd);
  } else if (type == "NFKC") {
    steps.push_back(NormalForm::nfkc);
  } else if (type == "NFKD") {
    steps.push_back(NormalForm::nfkd);
  } else if (type == "Lowercase") {
    steps.push_back(LowercaseStep{});
  } else if (type == "Strip") {
    steps.push_back(StripStep{boolean_member(component, "strip_left", true),
                              boolean_member(component, "strip_right", true)});
  } else if (type == "Prepend") {
    steps.push_back(PrependStep{text_member(component, "prepend")});
  } else if (type == "Precompiled") {
    std::string bytes;
    if (!decode_base64(text_member(component, "precompiled_charsmap"), bytes)) {
      return fail(ErrorCode::corrupt_data, "precompiled_charsmap is no base64");
    }
    if (bytes.empty()) return {};
    Result<CharacterMap> map = CharacterMap::parse(bytes);
    if (!map) return fail(map.error());
    steps.push_back(
        CharacterMapStep{.map = std::move(*map), .way = CharacterMapStep::Way::graphemes, .kept = {}});
  } else if (type == "Replace") {
    const Value* pattern = component.find("pattern");
    if (pattern != nullptr && pattern->find("String") != nullptr) {
      const std::string from = text_member(*pattern, "String");
      if (from.empty()) return fail(ErrorCode::corrupt_data, "Replace has an empty pattern");
      steps.push_back(ReplaceStep{from, text_member(component, "content")});
      return {};
    }
    Result<Pattern> from = read_pattern(component);
    if (!from) return fail(from.error());
    steps.push_back(ReplacePatternStep{std::move(*from), text_member(component, "content")});
  } else if (type != "ByteLevel") {  // ByteLevel changes nothing, as the model works with bytes anyway
    return fail(ErrorCode::invalid_argument, fmt::format("the type '{}' is not supported", type));
  }
  return {};
}

Result<void> read_pre_tokenizer_step(const Value& component, std::vector<PreTokenizerStep>& steps) {
  const std::string type = text_member(component, "type");
  if (type == "Split") {
    Result<Pattern> pattern = read_pattern(component);
    if (!pattern) return fail(pattern.error());
    Result<SplitBehavior> behavior = behavior_of(component);
    if (!behavior) return fail(behavior.error());
    steps.push_back(SplitStep{std::move(*pattern), *behavior, boolean_member(component, "invert", false)});
    return {};
  }
  if (type == "ByteLevel") {
    if (boolean_member(component, "add_prefix_space", true)) steps.push_back(PrefixSpaceStep{});
    if (!boolean_member(component, "use_regex", true)) return {};
    return push_split(steps, gpt2_pattern, SplitBehavior::isolated, false);
  }
  if (type == "Digits") {
    const bool individual = boolean_member(component, "individual_digits", false);
    return push_split(steps, individual ? R"(\p{N})" : R"(\p{N}+)", SplitBehavior::isolated, false);
  }
  if (type == "Punctuation") {
    Result<SplitBehavior> behavior =
        component.find("behavior") == nullptr ? SplitBehavior::isolated : behavior_of(component);
    if (!behavior) return fail(behavior.error());
    return push_split(steps, R"([!-/:-@\[-`{-~\p{P}])", *behavior, false);
  }
  if (type == "Whitespace") return push_split(steps, R"(\w+|[^\w\s]+)", SplitBehavior::removed, true);
  if (type == "WhitespaceSplit") return push_split(steps, R"(\s)", SplitBehavior::removed, false);
  if (type == "Metaspace") return push_metaspace(component, steps);
  return fail(ErrorCode::invalid_argument, fmt::format("the type '{}' is not supported", type));
}

}  // namespace shoal
