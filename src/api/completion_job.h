// One request for text under way: hands it to the backend and writes what comes back, whole or as a stream.
#pragma once

#include <memory>
#include <vector>

#include "api/answer_json.h"
#include "api/backend.h"
#include "api/choice_parser.h"
#include "api/http_message.h"
#include "api/metrics.h"

namespace shoal {

struct CompletionPlan {
  AnswerShape shape;
  bool is_stream;
  bool tells_progress = false;           // a stream that begins while the model is still being loaded
  std::vector<ServiceRequest> requests;  // one for each prompt; all with the same choice_count
  CallReading calls = {};                // of a chat
  std::vector<std::string> echoes = {};  // what the answers to each prompt begin with; none: with themselves
};

// Submits and returns. In the handler of `response`. Backend and metrics outlive the server that serves it.
void start_completion(ApiBackend& backend, Metrics& metrics, CompletionPlan plan,
                      std::shared_ptr<ResponseWriter> response);

}  // namespace shoal
