// The commands that can be typed in a conversation besides questions, in the words that Ollama's users know.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/api_client.h"

namespace shoal {

struct ConversationState {
  std::optional<std::string> model;  // nullopt: the node's default
  std::string system;                // the system message; empty: none
  std::vector<ChatMessage> messages;
  std::map<std::string, std::string> settings;  // further members of requests, as JSON
  bool tells_speed = true;                      // whether speed is shown after each answer
  bool keeps_history = true;                    // whether typed lines are kept for the arrow keys
};

enum class CommandEffect : uint8_t { none, leave, show_model };

struct CommandReply {
  CommandEffect effect = CommandEffect::none;
  std::string text = {};  // to be shown to the user
};

// True of "/help", but not of "/usr/bin is what?".
bool is_conversation_command(std::string_view line);

// Changes `state` as the command says. The reply tells of a command that is unknown or cannot be done.
CommandReply run_conversation_command(std::string_view line, ConversationState& state);

}  // namespace shoal
