// Any datagram that a stranger sends to the discovery port is refused, or is an announcement or a name
// question that survives being written and read again.
#include <string_view>

#include "base/check.h"
#include "net/announcement.h"
#include "net/name_question.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view datagram(reinterpret_cast<const char*>(data), size);
  if (const auto announcement = shoal::parse_announcement(datagram)) {
    CHECK(announcement->peer_port >= 1 && announcement->peer_port <= 65535);
    CHECK(announcement->priority >= 0 && announcement->priority <= 100);
    CHECK(shoal::parse_announcement(shoal::format_announcement(*announcement)) == *announcement);
  } else {
    CHECK(announcement.error().code == shoal::ErrorCode::invalid_argument);
    CHECK(!announcement.error().message.empty());
  }
  if (const auto question = shoal::parse_name_question(datagram)) {
    CHECK(shoal::parse_name_question(shoal::format_name_question(*question)) == question);
  }
  return 0;
}
