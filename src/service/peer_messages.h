// The messages between nodes besides steps: instances are prepared, committed, loaded and released, requests
// travel from ingress to head, tokens travel back. Plain data; net defines their form on the wire, one
// control stream per pair of nodes.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "answers/answer_form.h"
#include "base/error.h"
#include "base/ids.h"
#include "cluster/node_report.h"
#include "cluster/placement.h"
#include "cluster/plan.h"
#include "engine/engine.h"
#include "scheduler/generation.h"
#include "scheduler/request_settings.h"

namespace shoal {

// Sent every 200 ms, and when the report changes, by a thread that does not compute. Has the whole report.
struct Heartbeat {
  NodeReport report;
  struct Progress {
    InstanceId instance;
    Epoch epoch;
    uint64_t last_done_step;
    uint64_t step_in_progress;  // 0: none
    int64_t in_progress_ms;
  };
  std::vector<Progress> progress;
};

// Asks a node that has the model's files what the model needs.
struct DescribeModel {
  uint64_t call;
  InstanceId model;
};
struct ModelDescribed {
  uint64_t call;
  Result<ModelDemand> demand;
};

// The first of two phases: a node that agrees reserves the memory and refuses lower epochs of this instance.
struct PreparePlan {
  Plan plan;
  ModelDemand demand;  // each node computes from it what its stage takes
};
struct PlanPrepared {
  InstanceId instance;
  Epoch epoch;
  Epoch highest;  // that the answering node has promised for the instance; the next proposal must be above it
  Result<void> outcome;
};
// The second phase: every node of the plan begins to load.
struct CommitPlan {
  InstanceId instance;
  Epoch epoch;
};
// Gives up what was prepared, committed or loaded under exactly this epoch.
struct ReleasePlan {
  InstanceId instance;
  Epoch epoch;
  Error reason;
};

// From each stage to the head, once: the limits of its engine, or why it could not load.
struct ShardLoaded {
  InstanceId instance;
  Epoch epoch;
  Result<EngineInfo> outcome;
};

// The kinds of prompt that a client's ingress sends to the head.
struct PromptText {
  std::string text;  // /v1/completions
};
struct PromptChat {
  std::string messages_json;  // the template's context as JSON: messages, add_generation_prompt and so on
};
struct PromptTokens {
  std::vector<TokenId> tokens;
};
using Prompt = std::variant<PromptText, PromptChat, PromptTokens>;

struct SubmitRequest {
  RequestId request;
  InstanceId instance;
  Epoch epoch;
  Prompt prompt;
  bool is_chat = false;      // the answer is a chat's, in which marks of thinking and calls are text
  ToolUse tools;             // tools that the chat's context names
  RequestSettings settings;  // always with a seed
  std::vector<std::vector<TokenId>> delivered;  // per choice
};

// The head has accepted the request. Has the prompt's token ids, which the ingress keeps to submit again, and
// how the answer is to be read.
struct RequestAccepted {
  RequestId request;
  Epoch epoch;
  std::vector<TokenId> prompt;
  AnswerOpening opening;
};
struct TokenDelivery {
  RequestId request;
  Epoch epoch;
  uint32_t choice_index;
  DeliveredToken token;
};
struct ChoiceFinished {
  RequestId request;
  Epoch epoch;
  uint32_t choice_index;
  GenerationEnd end;
};
// The request has failed as a whole; nothing follows.
struct RequestFailed {
  RequestId request;
  Epoch epoch;
  Error error;
};
// The messages that make up an answer, from the head to the request's ingress.
using AnswerMessage = std::variant<TokenDelivery, ChoiceFinished, RequestFailed>;

struct CancelRequest {
  RequestId request;
};

// Asks the head to release the instance everywhere. It answers resource_exhausted if the instance is
// answering somebody.
struct UnloadModel {
  uint64_t call;
  InstanceId instance;
};
struct ModelUnloaded {
  uint64_t call;
  Result<void> outcome;
};

// Sent by a node that leaves in order.
struct Goodbye {};

using PeerMessage =
    std::variant<Heartbeat, DescribeModel, ModelDescribed, PreparePlan, PlanPrepared, CommitPlan, ReleasePlan,
                 ShardLoaded, SubmitRequest, RequestAccepted, TokenDelivery, ChoiceFinished, RequestFailed,
                 CancelRequest, UnloadModel, ModelUnloaded, Goodbye>;

}  // namespace shoal
