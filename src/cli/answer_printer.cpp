#include "cli/answer_printer.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "base/os.h"
#include "base/printable.h"

namespace shoal {
namespace {

// Prints a remark about the answer on a line of its own.
void remark(std::string_view text) {
  const bool is_dim = os::stderr_is_terminal();
  fmt::print(stderr, "{}[{}]{}\n", is_dim ? "\033[2m" : "", text, is_dim ? "\033[0m" : "");
}

}  // namespace

ChatProgress AnswerPrinter::progress(std::function<bool()> is_cancelled) {
  return {.on_text = [this](std::string_view text) { print_text(text); },
          .on_thinking = [this](std::string_view text) { print_thinking(text); },
          .on_comment = [this](std::string_view comment) { show_comment(comment); },
          .is_cancelled = std::move(is_cancelled)};
}

void AnswerPrinter::note_time() {
  last_at_ = std::chrono::steady_clock::now();
  if (!first_at_) first_at_ = last_at_;
}

void AnswerPrinter::leave_comment() {
  if (std::exchange(shows_comment_, false)) fmt::print(stderr, "\r\033[K");
}

void AnswerPrinter::print_text(std::string_view text) {
  note_time();
  leave_comment();
  if (std::exchange(shows_thinking_, false)) fmt::print(stderr, "\n\n");
  text_ += text;
  // A terminal would take some characters for commands.
  const std::string shown = os::stdout_is_terminal() ? printable(text) : std::string(text);
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  std::fflush(stdout);
}

void AnswerPrinter::print_thinking(std::string_view text) {
  note_time();
  leave_comment();
  shows_thinking_ = true;
  const bool is_dim = os::stderr_is_terminal();
  fmt::print(stderr, "{}{}{}", is_dim ? "\033[2m" : "", is_dim ? printable(text) : std::string(text),
             is_dim ? "\033[0m" : "");
}

// Shows "loading 45 %" and the like until the answer begins; meanwhile the log may say why it takes long.
void AnswerPrinter::show_comment(std::string_view comment) {
  if (first_at_) return;
  leave_comment();
  log_.release();
  if (!os::stderr_is_terminal() || comment.empty()) return;
  fmt::print(stderr, "{}", comment);
  shows_comment_ = true;
}

void AnswerPrinter::end(std::string_view mark) {
  leave_comment();
  if (shows_thinking_) fmt::print(stderr, "\n");
  if (!text_.empty()) fmt::print("\n");
  std::fflush(stdout);
  if (!mark.empty()) remark(mark);
}

void AnswerPrinter::tell(const ChatOutcome& outcome, bool with_speed) const {
  if (outcome.finish_reason == "length") {
    remark(fmt::format(
        "cut off after {} tokens: --max-tokens, the node's --max-generate-tokens or the context allows no "
        "more",
        outcome.completion_tokens));
  }
  if (!with_speed || !first_at_) return;
  const double seconds = to_seconds(last_at_ - *first_at_);
  const int64_t count = outcome.completion_tokens;
  const std::string speed = count > 1 && seconds > 0
                                ? fmt::format(", {:.1f} tokens/s", static_cast<double>(count - 1) / seconds)
                                : "";
  remark(fmt::format("{} tokens{}, first after {:.2f} s", count, speed, to_seconds(*first_at_ - asked_at_)));
}

}  // namespace shoal
