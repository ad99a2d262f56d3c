#include "cli/conversation.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "base/held_log.h"
#include "base/os.h"
#include "base/printable.h"
#include "base/terminal.h"
#include "cli/answer_printer.h"
#include "store/model_store.h"

namespace shoal {
namespace {

constexpr std::string_view block_mark = "\"\"\"";

// Whether the text begins a block of several lines but does not end it: """… or /set system """….
bool has_open_block(std::string_view text) {
  const std::string_view set_system = "/set system ";
  if (text.starts_with(set_system)) text.remove_prefix(set_system.size());
  if (!text.starts_with(block_mark)) return false;
  return text.size() < 2 * block_mark.size() || !text.ends_with(block_mark);
}

std::string without_marks(std::string text) {
  if (text.size() < 2 * block_mark.size() || !text.starts_with(block_mark) || !text.ends_with(block_mark))
    return text;
  text = text.substr(block_mark.size(), text.size() - 2 * block_mark.size());
  if (text.starts_with('\n')) text.erase(0, 1);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\n") == std::string_view::npos; }

}  // namespace

Conversation::Conversation(ConversationSettings settings, const ApiClientSettings& api, std::stop_token stop)
    : settings_(std::move(settings)), client_(api), stop_(std::move(stop)) {
  state_.model = settings_.call.model;
  state_.system = settings_.system_prompt;
  state_.tells_speed = settings_.tells_speed || (os::stdout_is_terminal() && os::stderr_is_terminal());
}

ChatCall Conversation::next_call() const {
  ChatCall call = settings_.call;
  call.model = state_.model;
  if (!state_.system.empty()) call.messages.push_back({"system", state_.system});
  call.messages.insert(call.messages.end(), state_.messages.begin(), state_.messages.end());
  call.settings.assign(state_.settings.begin(), state_.settings.end());
  return call;
}

// Called on the thread of the signals. True if an answer was stopped.
bool Conversation::take_interrupt() {
  AnswerState running = AnswerState::running;
  return answer_.compare_exchange_strong(running, AnswerState::stopped) || running == AnswerState::stopped;
}

Result<void> Conversation::ask(const std::string& question) {
  state_.messages.push_back({"user", question});
  std::optional<os::QuietTerminal> quiet;  // hides what is typed ahead until the editor reads it
  if (editor_ != nullptr) quiet.emplace();
  HeldLog log;
  AnswerPrinter printer(log);
  answer_ = is_conversation_ ? AnswerState::running : AnswerState::none;
  const auto is_stopped = [this] { return stop_.stop_requested() || answer_ == AnswerState::stopped; };
  const auto outcome = client_.chat(next_call(), printer.progress(is_stopped));
  const bool is_given_up = !outcome && outcome.error().code == ErrorCode::cancelled;
  printer.end(is_given_up ? "stopped" : "");
  answer_ = AnswerState::none;
  if (printer.text().empty() && !outcome) {
    state_.messages.pop_back();
  } else {
    state_.messages.push_back({"assistant", printer.text()});
  }
  if (outcome) {
    printer.tell(*outcome, state_.tells_speed);
    return {};
  }
  if (is_given_up && is_conversation_) return {};
  return fail(outcome.error());
}

std::optional<std::string> Conversation::read_edited_line(bool goes_on) {
  const TypedLine line = editor_->read(goes_on ? "... " : "> ", stop_);
  if (line.end == LineEnd::entered) {
    warned_of_end_ = false;
    return line.text;
  }
  if (line.end == LineEnd::closed) return std::nullopt;
  if (!line.text.empty() || goes_on) return "";  // the line is dropped, as in a shell
  if (std::exchange(warned_of_end_, true)) return std::nullopt;
  fmt::print("Ctrl-D, /bye or another Ctrl-C ends the conversation.\n");
  return "";
}

std::optional<std::string> Conversation::read_line(bool goes_on) {
  if (editor_ != nullptr) return read_edited_line(goes_on);
  if (os::stdout_is_terminal()) {
    fmt::print("{}", goes_on ? "... " : "> ");
    std::fflush(stdout);
  }
  return os::read_line(stop_);
}

std::optional<std::string> Conversation::read_input() {
  auto text = read_line(/*goes_on=*/false);
  while (text && has_open_block(*text)) {
    const auto more = read_line(/*goes_on=*/true);
    if (!more) return std::nullopt;
    *text += "\n" + *more;
  }
  return text;
}

bool Conversation::run_command(const std::string& line) {
  const CommandReply reply = run_conversation_command(line, state_);
  if (editor_ != nullptr) editor_->set_history(state_.keeps_history);
  if (!reply.text.empty()) fmt::print("{}\n", reply.text);
  if (reply.effect == CommandEffect::show_model) show_model();
  return reply.effect != CommandEffect::leave;
}

void Conversation::show_model() const {
  fmt::print("model {}, answered by the node at {}; `shoal status` shows which nodes hold it\n",
             state_.model.value_or("of the node's choice"), client_.address());
}

Result<void> Conversation::converse() {
  is_conversation_ = true;
  const os::InterruptTaker interrupts([this] { return take_interrupt(); });
  editor_ = LineEditor::open(folders_from_environment().home / "history");
  const bool has_terminal = os::stdout_is_terminal();
  if (has_terminal) fmt::print("Ctrl-D or /bye ends the conversation, /? tells more.\n");
  while (!stop_.stop_requested()) {
    if (has_terminal) fmt::print("\n");
    const auto typed = read_input();
    if (!typed) break;
    if (is_blank(*typed)) continue;
    if (editor_ != nullptr) editor_->remember(*typed);
    if (is_conversation_command(*typed)) {
      if (!run_command(*typed)) return {};
      continue;
    }
    if (auto answered = ask(without_marks(*typed)); !answered) {
      fmt::print(stderr, "shoal: {}\n", printable(answered.error().message));
    }
  }
  if (has_terminal) fmt::print("\n");
  return {};
}

}  // namespace shoal
