// Collects the events of one push().
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "answers/answer_event.h"
#include "answers/call_reader.h"

namespace shoal {

class AnswerEventCollector final : public CallSink {
 public:
  void add_content(std::string_view text) { add_text(AnswerEventKind::content, text, 0); }
  void add_reasoning(std::string_view text) { add_text(AnswerEventKind::reasoning, text, 0); }
  void begin_call(std::string_view name, std::string_view id) override {
    is_open_ = true;
    events_.push_back({.kind = AnswerEventKind::call_begin,
                       .text = {},
                       .call = call_count_,
                       .name = std::string(name),
                       .id = std::string(id)});
  }
  void add_arguments(std::string_view json) override {
    add_text(AnswerEventKind::call_arguments, json, call_count_);
  }
  void end_call() override { close_call(AnswerEventKind::call_end); }
  void withdraw_call() { close_call(AnswerEventKind::call_withdrawn); }

  // Whether a call has begun and not ended.
  bool is_open() const { return is_open_; }
  // Calls that began and were ended or withdrawn.
  int64_t call_count() const { return call_count_; }

  std::vector<AnswerEvent> take() { return std::exchange(events_, {}); }

 private:
  void add_text(AnswerEventKind kind, std::string_view text, int64_t call) {
    if (text.empty()) return;
    if (!events_.empty() && events_.back().kind == kind && events_.back().call == call) {
      events_.back().text += text;
    } else {
      events_.push_back({.kind = kind, .text = std::string(text), .call = call});
    }
  }
  void close_call(AnswerEventKind kind) {
    is_open_ = false;
    events_.push_back({.kind = kind, .text = {}, .call = call_count_++});
  }

  std::vector<AnswerEvent> events_;
  bool is_open_ = false;
  int64_t call_count_ = 0;
};

}  // namespace shoal
