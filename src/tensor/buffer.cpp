#include "tensor/buffer.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/os.h"

namespace shoal {

Result<Buffer> Buffer::allocate(int64_t size) {
  if (size == 0) return Buffer();
  std::byte* pages = os::allocate_pages(size);
  if (pages == nullptr) {
    return fail(ErrorCode::resource_exhausted,
                fmt::format("the system has no {} bytes of memory left", size));
  }
  return Buffer({pages, [size](std::byte* all) { os::free_pages(all, size); }}, size);
}

Buffer Buffer::part(int64_t offset, int64_t size) const {
  CHECK(offset >= 0 && size >= 0 && size <= size_ && offset <= size_ - size);
  return {std::shared_ptr<std::byte>(data_, data_.get() + offset), size};
}

}  // namespace shoal
