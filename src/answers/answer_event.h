// What an answer consists of, in the order in which it arrives.
#pragma once

#include <cstdint>
#include <string>

namespace shoal {

enum class AnswerEventKind : uint8_t {
  content,         // text: more of the answer
  reasoning,       // text: more of the thinking
  call_begin,      // name, id
  call_arguments,  // text: more of the JSON object
  call_end,
  call_withdrawn,  // the call that has begun was no call; its source follows as content
};

struct AnswerEvent {
  AnswerEventKind kind;
  std::string text = {};
  int64_t call = 0;  // number of the call, counting those that began from 0
  std::string name = {};
  std::string id = {};  // empty: the model gave none

  bool operator==(const AnswerEvent&) const = default;
};

}  // namespace shoal
