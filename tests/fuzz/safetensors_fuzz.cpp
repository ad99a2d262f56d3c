// Any bytes as a safetensors file are refused, or all tensors lie within them. They are read as an index too,
// only to see that this does no harm.
#include "base/check.h"
#include "files/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)shoal::parse_safetensors_index({reinterpret_cast<const char*>(data), size});
  const auto file = shoal::parse_safetensors(bytes, static_cast<int64_t>(size));
  if (!file) return 0;
  for (const shoal::SafetensorsTensor& tensor : file->tensors) {
    CHECK(tensor.offset >= 0 && tensor.bytes >= 0 &&
          tensor.offset <= static_cast<int64_t>(size) - tensor.bytes);
  }
  return 0;
}
