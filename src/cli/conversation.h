// A conversation with a node, or one answer of it: reads questions as they are typed and streams the answers.
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
  ChatCall call;  // the settings of every question; its messages begin the conversation
  std::string system_prompt;
  bool tells_speed = false;  // even when output is no terminal
};

class Conversation {
 public:
  Conversation(ConversationSettings settings, const ApiClientSettings& api, std::stop_token stop);

  // Streams the answer to stdout and everything else to stderr. The answer becomes part of the conversation,
  // even one that was stopped, which is no error in a conversation.
  Result<void> ask(const std::string& question);

  // Reads questions and commands from the terminal until it is closed, /bye, or a stop.
  Result<void> converse();

 private:
  enum class AnswerState : uint8_t { none, running, stopped };

  // The next question or command, which """ may spread over several lines; nullopt at the end.
  std::optional<std::string> read_input();
  std::optional<std::string> read_line(bool goes_on);
  std::optional<std::string> read_edited_line(bool goes_on);
  // Runs the command; false when the conversation is to end.
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
  bool warned_of_end_ = false;  // after Ctrl-C on an empty line; the next one ends
  std::atomic<AnswerState> answer_ = AnswerState::none;
};

}  // namespace shoal
