// Owns zeroed memory in large pages. Views of it are spans; what a byte means is said by whoever reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace shoal {

class Buffer {
 public:
  // Empty.
  Buffer() = default;
  // resource_exhausted when the system has no such memory. Aligned to 4 KiB, from 2 MiB on to 2 MiB.
  static Result<Buffer> allocate(int64_t size);

  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  int64_t size() const { return size_; }
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::span<std::byte> bytes() { return {data_, static_cast<size_t>(size_)}; }
  std::span<const std::byte> bytes() const { return {data_, static_cast<size_t>(size_)}; }

  // The whole buffer as elements of a trivial type.
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data_), static_cast<size_t>(size_) / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data_), static_cast<size_t>(size_) / sizeof(T)};
  }

 private:
  std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace shoal
