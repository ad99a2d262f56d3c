// One conversation with a node, or one answer of it: questions as they are typed, answers as they stream.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "cli/conversation_commands.h"
#include "cli/line_editor.h"
#include "client/api_client.h"

namespace shoal {

struct ConversationSettings {
  ChatCall call;  // what every question is asked with; its messages are how the conversation begins
  std::string system_prompt;
  bool tells_speed = false;  // also where no terminal is
};

class Conversation {
 public:
  Conversation(ConversationSettings settings, const ApiClientSettings& api, std::stop_token stop);

  // Streams the answer to stdout, all else to stderr. The answer becomes part of what is said next, also what
  // came of one that was stopped, which is no error in a conversation.
  Result<void> ask(const std::string& question);

  // Questions and commands from the terminal, until it is closed, /bye, or a stop.
  Result<void> converse();

 private:
  enum class AnswerState : uint8_t { none, running, stopped };

  // The next question or command, of several lines where """ says so; nullopt when there is none any more.
  std::optional<std::string> read_input();
  std::optional<std::string> read_line(bool goes_on);
  std::optional<std::string> read_edited_line(bool goes_on);
  // False when the conversation is to end.
  bool run_command(const std::string& line);
  void show_model() const;
  bool take_interrupt();
  ChatCall next_call() const;

  ConversationSettings settings_;
  ApiClient client_;
  std::stop_token stop_;
  ConversationState state_;
  std::unique_ptr<LineEditor> editor_;
  bool is_conversation_ = false;
  bool warned_of_end_ = false;  // by Ctrl-C on an empty line; the next one ends
  std::atomic<AnswerState> answer_ = AnswerState::none;
};

}  // namespace shoal
