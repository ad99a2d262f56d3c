// Turns what a client asked for into what the scheduler generates: token ids, settings, one Generation per
// choice. Pure; it runs on another thread than the service's loop, because tokenising long prompts takes a
// while.
#pragma once

#include <vector>

#include "answers/text_assets.h"
#include "engine/sampler.h"
#include "scheduler/generation.h"
#include "service/peer_messages.h"

namespace shoal {

inline constexpr uint32_t choice_limit = 128;

// Decides the settings of sampling, for page, API and command line alike: the request's wish counts first,
// then the ingress's flag (--default-temp), then the model's files (generation_config.json, GGUF), then our
// own default: min_p 0.1, all else neutral. Values of the model's files outside the ranges of requests are
// ignored.
SamplingSettings choose_sampling(const SamplingWishes& wishes, const GenerationDefaults& defaults,
                                 uint64_t seed);

// invalid_argument when the template refuses, the messages are no JSON, an id is no token, the prompt is
// empty, or a text is so long that not all its tokens are counted.
Result<OpenedChat> make_prompt(const Prompt& prompt, const ToolUse& tools, const TextAssets& text,
                               int64_t context_length);

// Makes one Generation per choice. Its max_tokens is the context's remaining room unless the client wants
// less. invalid_argument for wrong settings, and, with both numbers, when the prompt does not fit the
// context.
Result<std::vector<Generation>> make_generations(const SubmitRequest& submitted, const OpenedChat& opened,
                                                 const TextAssets& text, int64_t context_length);

}  // namespace shoal
