// Frames of every kind, for tests. In control frames no field on the wire has its default value, except the
// first layer of a plan's first stage.
#pragma once

#include <vector>

#include "net/wire.h"

// GCC 12 wrongly sees uninitialised members in temporaries that hold a std::expected.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace shoal {

inline ModelFingerprint sample_fingerprint() {
  return {.weight_bytes = 1, .settings = 0xfedcba9876543210, .text = 2, .weights = 3, .whole = 4};
}

inline NodeReport sample_report() {
  return {.node = "node-1",
          .incarnation = 0xfedcba9876543210,
          .version = "1.2.3",
          .address = {},
          .peer_port = 50051,
          .api_port = 52415,
          .device = {.device_model = "a host",
                     .chip = "a chip\xff",
                     .machine = "m-1",
                     .isa = "avx2",
                     .core_count = 8,
                     .memory_bytes = 64'000'000'000,
                     .free_bytes = 32'000'000'000,
                     .machine_free_bytes = 33'000'000'000,
                     .memory_groups = {{.id = "1c-2f", .free_bytes = 31'000'000'000}},
                     .declared_memory_bytes = 65'000'000'000,
                     .read_bandwidth = 1.5e10,
                     .flops_fp32 = 1.5,
                     .flops_fp16 = 2.5,
                     .flops_int8 = 3.5},
          .models = {{.name = "smollm2-135m", .fingerprint = sample_fingerprint(), .problem = "of disk"},
                     {.name = "org/model", .fingerprint = sample_fingerprint(), .problem = "is cut off"}},
          .shards = {{.instance = "smollm2-135m",
                      .epoch = {3, "node-2"},
                      .first_layer = 4,
                      .end_layer = 10,
                      .is_head = true,
                      .is_loaded = true,
                      .bytes_loaded = 11,
                      .bytes_total = 12,
                      .held_bytes = 13,
                      .last_used_ms_ago = 14}}};
}

inline ModelDemand sample_demand() {
  return {.model = "m",
          .layer_bytes = {100, 200, 300},
          .head_bytes = 400,
          .kv_bytes_per_token_layer = 5,
          .context_length = 4096,
          .scratch_bytes = 600,
          .least_context_length = 1024,
          .fingerprint = sample_fingerprint()};
}

inline std::vector<PeerMessage> sample_peer_messages() {
  const Epoch epoch{7, "node-1"};
  const Error error{ErrorCode::resource_exhausted, "no room: \xc3\xa9\xff"};
  const TokenLogprob logprob{.token = 17, .bytes = "\xe2\x82", .logprob = -0.25F};
  const SamplingWishes wishes{.temperature = 0.5,
                              .top_p = 0.9,
                              .min_p = 0.1,
                              .repetition_penalty = 1.1,
                              .presence_penalty = 0.2,
                              .frequency_penalty = 0.3,
                              .top_k = 40,
                              .logit_bias = {{5, -100.0}},
                              .default_temperature = 0.7};
  const RequestSettings settings{.sampling = wishes,
                                 .seed = 99,
                                 .choice_count = 2,
                                 .max_tokens = 100,
                                 .min_tokens = 5,
                                 .ignore_end_tokens = true,
                                 .stop_strings = {"stop", "\n\n"},
                                 .stop_tokens = {4, 5},
                                 .output = {.kind = OutputKind::gbnf, .source = "root ::= \"a\""},
                                 .top_logprobs = 3};
  SubmitRequest submit{
      .request = "r-1",
      .instance = "m",
      .epoch = epoch,
      .prompt = PromptText{"text \xff"},
      .is_chat = true,
      .tools = {.choice = ToolChoice::named, .function = "f", .is_parallel = true, .functions = "[]"},
      .settings = settings,
      .delivered = {{1, 2, 3}, {4}}};
  SubmitRequest chat = submit, tokens = submit;
  chat.prompt = PromptChat{R"({"messages": []})"};
  tokens.prompt = PromptTokens{{9, 8, 7}};
  const Plan plan{.instance = "m",
                  .epoch = epoch,
                  .stages = {{"node-1", 0, 2}, {"node-2", 2, 3}},
                  .context_length = 4096,
                  .fingerprint = sample_fingerprint()};
  const EngineInfo info{.first_layer = 1,
                        .end_layer = 9,
                        .is_head = true,
                        .hidden_size = 576,
                        .vocabulary_size = 49152,
                        .context_length = 2048,
                        .slot_limit = 32,
                        .row_limit = 512,
                        .page_tokens = 64,
                        .page_capacity = 1000,
                        .is_exact = true};
  return {
      Heartbeat{.report = sample_report(),
                .progress = {{.instance = "m",
                              .epoch = epoch,
                              .last_done_step = 5,
                              .step_in_progress = 6,
                              .in_progress_ms = 12}}},
      DescribeModel{.call = 1, .model = "m"},
      ModelDescribed{.call = 2, .demand = sample_demand()},
      ModelDescribed{.call = 3, .demand = fail(error)},
      PreparePlan{.plan = plan, .demand = sample_demand()},
      PlanPrepared{.instance = "m", .epoch = epoch, .highest = {8, "node-3"}, .outcome = {}},
      PlanPrepared{.instance = "m", .epoch = epoch, .highest = {8, "node-3"}, .outcome = fail(error)},
      CommitPlan{.instance = "m", .epoch = epoch},
      ReleasePlan{.instance = "m", .epoch = epoch, .reason = error},
      ShardLoaded{.instance = "m", .epoch = epoch, .outcome = info},
      ShardLoaded{.instance = "m", .epoch = epoch, .outcome = fail(error)},
      submit,
      chat,
      tokens,
      RequestAccepted{.request = "r-1",
                      .epoch = epoch,
                      .prompt = {1, 2, 3},
                      .opening = {.format = {.calls = CallStyle::hermes, .thinking = ThinkingStyle::angle},
                                  .prefix = "<think>"}},
      TokenDelivery{
          .request = "r-1",
          .epoch = epoch,
          .choice_index = 1,
          .token = {.index = 4, .token = 17, .text = "t", .logprob = logprob, .top_logprobs = {logprob}}},
      ChoiceFinished{.request = "r-1",
                     .epoch = epoch,
                     .choice_index = 1,
                     .end = {.reason = FinishReason::length,
                             .text = "rest",
                             .stopped_at = "stop",
                             .completion_tokens = 12}},
      RequestFailed{.request = "r-1", .epoch = epoch, .error = error},
      CancelRequest{.request = "r-1"},
      UnloadModel{.call = 4, .instance = "m"},
      ModelUnloaded{.call = 5, .outcome = {}},
      ModelUnloaded{.call = 6, .outcome = fail(error)},
      Goodbye{},
  };
}

inline std::vector<ControlFrame> sample_control_frames() {
  std::vector<ControlFrame> frames = {
      Hello{.expected_node = "node-2", .report = sample_report(), .ring_key = 0x0123456789abcdef}, Ready{},
      OpenRing{}};
  for (PeerMessage& message : sample_peer_messages()) frames.emplace_back(std::move(message));
  return frames;
}

inline StepMessage sample_step() {
  return {.instance = "m",
          .epoch = {7, "node-1"},
          .number = 12,
          .batch = {.sequences = {{.slot = 1, .keep_length = 10, .row_count = 1},
                                  {.slot = 2, .keep_length = 3, .row_count = 2}},
                    .released_slots = {5, 6}},
          .result_rows = {0, 2},
          .hidden = {1.0F, -2.0F, 3.0F, 4.0F, 5.5F, 6.0F},
          .timings = {{.node = "node-1", .begin_ns = 123, .end_ns = 456}}};
}

inline std::vector<RingFrame> sample_ring_frames() {
  const Epoch epoch{7, "node-1"};
  return {RingHello{.node = "node-1", .ring_key = 42}, sample_step(),
          StepResult{.instance = "m",
                     .epoch = epoch,
                     .number = 13,
                     .hidden = {1.0F, 2.0F},
                     .timings = {{.node = "node-1", .begin_ns = 123, .end_ns = 456}}},
          StepFailure{.instance = "m",
                      .epoch = epoch,
                      .number = 14,
                      .node = "node-2",
                      .error = {ErrorCode::internal, "a logit is not finite"}}};
}

}  // namespace shoal
