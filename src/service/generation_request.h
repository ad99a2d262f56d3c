// From what a client asked for to what the scheduler generates: token ids, settings, one Generation per
// choice. Pure; tokenising long prompts takes a while, so it runs beside the service's loop.
#pragma once

#include <vector>

#include "answers/text_assets.h"
#include "engine/sampler.h"
#include "scheduler/generation.h"
#include "service/peer_messages.h"

namespace shoal {

inline constexpr uint32_t choice_limit = 128;

// The one place that decides it, for page, API and command line alike: the request, then the ingress's flag
// (--default-temp), then the model's files (generation_config.json, GGUF), then our own: min_p 0.1, all else
// neutral. What a model's files say beyond the ranges of requests is passed over.
SamplingSettings choose_sampling(const SamplingWishes& wishes, const GenerationDefaults& defaults,
                                 uint64_t seed);

// invalid_argument when the template refuses, the messages are no JSON, an id is no token, nothing is left,
// or a text has so many tokens too many that they are not all counted.
Result<OpenedChat> make_prompt(const Prompt& prompt, const ToolUse& tools, const TextAssets& text,
                               int64_t context_length);

// One per choice. max_tokens is what the context has room for unless the client wants less. invalid_argument
// with both numbers when the prompt does not fit.
Result<std::vector<Generation>> make_generations(const SubmitRequest& submitted, const OpenedChat& opened,
                                                 const TextAssets& text, int64_t context_length);

}  // namespace shoal
