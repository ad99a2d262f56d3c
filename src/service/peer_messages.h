// What nodes say to each other besides steps: instances are prepared, committed, loaded and released,
// requests travel from ingress to head, tokens travel back. Plain data; net writes it as protobuf, one
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

// Every 200 ms, from a thread that does not compute. The report tells what changed.
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

// Asks a node that has the files what the model needs.
struct DescribeModel {
  uint64_t call;
  InstanceId model;
};
struct ModelDescribed {
  uint64_t call;
  Result<ModelDemand> demand;
};

// Two phases: a prepared node has reserved the memory and refuses lower epochs of this instance.
struct PreparePlan {
  Plan plan;
  ModelDemand demand;  // from which each node knows what its stage takes
};
struct PlanPrepared {
  InstanceId instance;
  Epoch epoch;
  Epoch highest;  // that this node has seen of the instance: the next proposal must be above it
  Result<void> outcome;
};
// Every node of the plan loads at once.
struct CommitPlan {
  InstanceId instance;
  Epoch epoch;
};
// Gives up what was prepared, committed or loaded under this epoch or a lower one.
struct ReleasePlan {
  InstanceId instance;
  Epoch epoch;
  Error reason;
};

// To the head, from each stage, once; page and row limits of its engine.
struct ShardLoaded {
  InstanceId instance;
  Epoch epoch;
  Result<EngineInfo> outcome;
};

// What a client asked for, from its ingress to the head.
struct PromptText {
  std::string text;  // /v1/completions
};
struct PromptChat {
  std::string messages_json;  // the template's context: messages, add_generation_prompt and so on, as JSON
};
struct PromptTokens {
  std::vector<TokenId> tokens;  // submitted again after a loss
};
using Prompt = std::variant<PromptText, PromptChat, PromptTokens>;

struct SubmitRequest {
  RequestId request;
  InstanceId instance;
  Epoch epoch;
  Prompt prompt;
  bool is_chat = false;      // also where the prompt is given as tokens: marks of thinking and calls are text
  ToolUse tools;             // that the chat's context names
  RequestSettings settings;  // with the seed
  std::vector<std::vector<TokenId>> delivered;  // per choice
};

// The head has accepted: the ids, which the ingress keeps to submit again, and how the answer is to be read.
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
// The request as a whole has failed; nothing follows.
struct RequestFailed {
  RequestId request;
  Epoch epoch;
  Error error;
};
// What an answer is told in, from the head to the request's ingress.
using AnswerMessage = std::variant<TokenDelivery, ChoiceFinished, RequestFailed>;

struct CancelRequest {
  RequestId request;
};

// To the head, which releases the instance everywhere if it answers nobody now; else resource_exhausted.
struct UnloadModel {
  uint64_t call;
  InstanceId instance;
};
struct ModelUnloaded {
  uint64_t call;
  Result<void> outcome;
};

// A node that leaves in order says so.
struct Goodbye {};

using PeerMessage =
    std::variant<Heartbeat, DescribeModel, ModelDescribed, PreparePlan, PlanPrepared, CommitPlan, ReleasePlan,
                 ShardLoaded, SubmitRequest, RequestAccepted, TokenDelivery, ChoiceFinished, RequestFailed,
                 CancelRequest, UnloadModel, ModelUnloaded, Goodbye>;

}  // namespace shoal
