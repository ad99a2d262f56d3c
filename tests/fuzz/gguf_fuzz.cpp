// Any bytes as a GGUF file are refused, or all tensors lie within them.
#include "base/check.h"
#include "files/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = shoal::parse_gguf(std::as_bytes(std::span(data, size)));
  if (!file) return 0;
  for (const shoal::GgufTensor& tensor : file->tensors) {
    CHECK(tensor.offset >= 0 && tensor.bytes >= 0 &&
          tensor.offset <= static_cast<int64_t>(size) - tensor.bytes);
  }
  for (const auto& [key, value] : file->metadata) {
    (void)file->text(key);
    (void)file->integer(key);
    (void)file->number(key);
  }
  return 0;
}
