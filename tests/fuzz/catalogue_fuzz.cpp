// Any text as models.json is refused with a reason, or each of its entries has an id, and repositories of two
// parts without "..".
#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "store/catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto entries = shoal::parse_catalogue({reinterpret_cast<const char*>(data), size});
  if (!entries) {
    CHECK(entries.error().code == shoal::ErrorCode::invalid_argument && !entries.error().message.empty());
    return 0;
  }
  for (const shoal::CatalogueEntry& entry : *entries) {
    CHECK(!entry.id.empty() && entry.layer_count >= 0);
    CHECK(!entry.path || !entry.path->empty());
    for (const std::string& repository : entry.repositories) {
      CHECK(std::ranges::count(repository, '/') == 1 && repository.find("..") == std::string::npos);
      CHECK(!repository.starts_with('/') && !repository.ends_with('/'));
    }
  }
  return 0;
}
