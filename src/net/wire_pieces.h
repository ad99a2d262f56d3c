// Parses a message that lies in several pieces of memory, without joining them first. Internal to net.
#pragma once

#include <google/protobuf/message_lite.h>

#include <span>
#include <string_view>

namespace shoal {

bool parse_pieces(std::span<const std::string_view> pieces, google::protobuf::MessageLite& message);

}  // namespace shoal
