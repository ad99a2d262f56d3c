// Prints an answer as it streams: its text to stdout, everything about it to stderr. Used for one answer, on
// one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/held_log.h"
#include "client/api_client.h"

namespace shoal {

class AnswerPrinter {
 public:
  // Log lines wait in `log` while text is being printed.
  explicit AnswerPrinter(HeldLog& log) : log_(log) {}

  // The result refers to this object.
  ChatProgress progress(std::function<bool()> is_cancelled);
  // Called after the last piece. `mark` says why the answer ended early; empty when it did not.
  void end(std::string_view mark);
  // Prints how fast the answer was, if that is wanted, and whether it was cut off.
  void tell(const ChatOutcome& outcome, bool with_speed) const;

  const std::string& text() const { return text_; }

 private:
  void print_text(std::string_view text);
  void print_thinking(std::string_view text);
  void show_comment(std::string_view comment);
  void leave_comment();
  void note_time();

  HeldLog& log_;
  std::string text_;
  bool shows_comment_ = false;
  bool shows_thinking_ = false;
  const TimePoint asked_at_ = std::chrono::steady_clock::now();
  std::optional<TimePoint> first_at_;
  TimePoint last_at_;
};

}  // namespace shoal
