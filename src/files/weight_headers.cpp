#include "files/weight_headers.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/os.h"

namespace shoal {
namespace {

constexpr int64_t start_bytes = 4096;  // enough to recognise a foreign file

Result<std::vector<std::byte>> read_start(const std::filesystem::path& path, int64_t bytes) {
  std::vector<std::byte> start(static_cast<size_t>(bytes));
  if (auto read = os::read_file_range(path, 0, start); !read) return fail(read.error());
  return start;
}

}  // namespace

Result<GgufFile> open_gguf(const std::filesystem::path& path) {
  const auto bytes = os::MappedFile::open(path);
  if (!bytes) return fail(bytes.error());
  return parse_gguf(bytes->bytes());
}

Result<SafetensorsFile> open_safetensors(const std::filesystem::path& path) {
  const auto identity = os::file_identity(path);
  if (!identity) return fail(identity.error());
  auto start = read_start(path, std::min(identity->bytes, start_bytes));
  if (!start) return fail(start.error());
  uint64_t length = 0;
  if (start->size() >= sizeof(length)) std::memcpy(&length, start->data(), sizeof(length));
  if (length <= static_cast<uint64_t>(safetensors_header_limit)) {
    const int64_t header = std::min(identity->bytes, 8 + static_cast<int64_t>(length));
    if (header > std::ssize(*start)) start = read_start(path, header);
    if (!start) return fail(start.error());
  }
  return parse_safetensors(*start, identity->bytes);
}

}  // namespace shoal
