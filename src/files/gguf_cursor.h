// Reads the plain values of a GGUF file, little-endian, one after another and never beyond the end.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

enum class GgufType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };
constexpr uint32_t gguf_type_count = 13;

// Parameters named `what` say what is being read, for the error (corrupt_data).
class GgufCursor {
 public:
  explicit GgufCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  int64_t position() const { return position_; }
  int64_t remaining() const { return static_cast<int64_t>(bytes_.size()) - position_; }

  std::unexpected<Error> fail_here(std::string_view what) const;

  template <class T>
  Result<T> read(std::string_view what) {
    static_assert(std::endian::native == std::endian::little);
    if (remaining() < static_cast<int64_t>(sizeof(T))) {
      return fail_here(fmt::format("the file ends inside {}", what));
    }
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += static_cast<int64_t>(sizeof(T));
    return value;
  }

  Result<std::string> read_string(std::string_view what);
  // A string of at most 64 KiB.
  Result<std::string> read_name(std::string_view what);
  Result<GgufType> read_type(std::string_view what);

 private:
  std::span<const std::byte> bytes_;
  int64_t position_ = 0;
};

}  // namespace shoal
