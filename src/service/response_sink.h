// Receives the answer to a client's request, and what can be said before it begins.
#pragma once

#include <cstdint>
#include <string>

#include "answers/answer_form.h"
#include "base/error.h"
#include "scheduler/generation.h"

namespace shoal {

struct LoadingStatus {
  std::string model;
  int64_t bytes_done;
  int64_t bytes_total;
};

// Implemented by api. Called in order, on the service's loop (on the submitting thread if that loop takes no
// more tasks); on_failed or on_done comes last.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void on_loading(LoadingStatus status) = 0;  // while the model is being loaded
  // `opening` says how the answer's text is to be read.
  virtual void on_accepted(int64_t prompt_tokens, AnswerOpening opening) = 0;
  virtual void on_token(uint32_t choice_index, DeliveredToken token) = 0;
  virtual void on_finished(uint32_t choice_index, GenerationEnd end) = 0;
  virtual void on_done() = 0;  // every choice has finished
  virtual void on_failed(Error error) = 0;
};

}  // namespace shoal
