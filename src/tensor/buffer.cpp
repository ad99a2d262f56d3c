#include "tensor/buffer.h"

#include <fmt/format.h>

#include <utility>

#include "base/os.h"

namespace shoal {

Result<Buffer> Buffer::allocate(int64_t size) {
  Buffer buffer;
  if (size == 0) return buffer;
  buffer.data_ = os::allocate_pages(size);
  if (buffer.data_ == nullptr) {
    return fail(ErrorCode::resource_exhausted,
                fmt::format("the system has no {} bytes of memory left", size));
  }
  buffer.size_ = size;
  return buffer;
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Buffer::~Buffer() { os::free_pages(data_, size_); }

}  // namespace shoal
