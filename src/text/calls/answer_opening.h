// What the reader of an answer has to know of the prompt in front of it.
#pragma once

#include <string>

#include "text/calls/call_format.h"

namespace shoal {

struct AnswerOpening {
  AnswerFormat format = {};
  // The end of the prompt that belongs to the answer: opened thinking.
  std::string prefix = {};

  bool operator==(const AnswerOpening&) const = default;
};

}  // namespace shoal
