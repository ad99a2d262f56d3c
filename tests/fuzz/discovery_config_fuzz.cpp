// Any text as discovery.json is refused with a place that lies in it, or gives peers that can be dialled. An
// unknown member in front of the others then changes nothing.
#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/check.h"
#include "net/discovery_config.h"

namespace {

constexpr std::string_view name = "d.json";

int64_t take_number(std::string_view& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  CHECK(error == std::errc() && end < text.data() + text.size() && *end == ':');
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return number;
}

// Errors have the form "d.json:LINE:COLUMN: what is wrong".
void check_error(const shoal::Error& error, std::string_view text) {
  CHECK(error.code == shoal::ErrorCode::invalid_argument);
  std::string_view message = error.message;
  CHECK(message.starts_with(name) && message.size() > name.size());
  message.remove_prefix(name.size() + 1);
  const int64_t line = take_number(message), column = take_number(message);
  CHECK(message.size() > 1);
  CHECK(line >= 1 && line <= std::ranges::count(text, '\n') + 1);
  CHECK(column >= 1 && column <= static_cast<int64_t>(text.size()) + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto peers = shoal::parse_discovery_config(text, name);
  if (!peers) {
    check_error(peers.error(), text);
    return 0;
  }
  for (const shoal::PeerCandidate& peer : *peers) {
    CHECK(!peer.node.empty() && !peer.address.empty());
    CHECK(peer.port >= 1 && peer.port <= 65535);
    CHECK(peer.declared.has_value() && peer.declared->memory_bytes >= 0);
  }
  std::string longer(text);
  longer.insert(longer.find('{') + 1, R"("nobody knows": [{"peers": 1}, {"peers": [{"a": 1}, {"a": 1}]}],)");
  const auto again = shoal::parse_discovery_config(longer, name);
  CHECK(again.has_value() && again->size() == peers->size());
  return 0;
}
