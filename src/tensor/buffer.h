// Owns zeroed memory in large pages. Views of it are spans; whoever reads a byte decides what it means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/error.h"

namespace shoal {

class Buffer {
 public:
  // An empty buffer.
  Buffer() = default;
  // `size` in bytes. resource_exhausted when the system has no such memory. Aligned to 4 KiB; from 2 MiB on,
  // to 2 MiB.
  static Result<Buffer> allocate(int64_t size);

  Buffer(Buffer&&) = default;
  Buffer& operator=(Buffer&&) = default;

  // Bytes [offset, offset + size) as a buffer that shares this one's memory, which lives as long as any of
  // its parts. Nobody may write to the parts.
  Buffer part(int64_t offset, int64_t size) const;

  int64_t size() const { return size_; }
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::span<std::byte> bytes() { return {data(), static_cast<size_t>(size_)}; }
  std::span<const std::byte> bytes() const { return {data(), static_cast<size_t>(size_)}; }

  // The whole buffer as elements of a trivial type.
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data()), static_cast<size_t>(size_) / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data()), static_cast<size_t>(size_) / sizeof(T)};
  }

 private:
  Buffer(std::shared_ptr<std::byte> data, int64_t size) : data_(std::move(data)), size_(size) {}

  std::shared_ptr<std::byte> data_;
  int64_t size_ = 0;
};

}  // namespace shoal
