// A request for text that is being answered: hands it to the backend and writes what comes back, whole or as
// a stream.
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
  bool tells_progress = false;           // the stream begins while the model is still being loaded
  std::vector<ServiceRequest> requests;  // one for each prompt, all with the same choice_count
  CallReading calls = {};                // only for a chat
  std::vector<std::string> echoes = {};  // by prompt: the text in front of its answers; empty: none
};

// Submits the requests and returns. Called in the handler of `response`. Backend and metrics must outlive the
// server that made `response`.
void start_completion(ApiBackend& backend, Metrics& metrics, CompletionPlan plan,
                      std::shared_ptr<ResponseWriter> response);

}  // namespace shoal
