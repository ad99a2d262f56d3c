// Any bytes as config.json and as GGUF are refused, or give sizes and a number of frequencies that can be
// computed with.
#include <cmath>

#include "base/check.h"
#include "files/gguf.h"
#include "model/config_reader.h"

namespace {

void check(const shoal::Result<shoal::ModelConfig>& config) {
  if (!config) return;
  CHECK(config->layer_count > 0 && config->hidden_size > 0 && config->feed_forward_size > 0);
  CHECK(config->kv_head_count > 0 && config->head_count % config->kv_head_count == 0);
  CHECK(2 * std::ssize(config->rope.inverse_frequencies) <= config->head_dim);
  CHECK(config->vocabulary_size > 0 && config->context_length > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check(shoal::read_hugging_face_config({reinterpret_cast<const char*>(data), size}));
  if (const auto file = shoal::parse_gguf(std::as_bytes(std::span(data, size)))) {
    check(shoal::read_gguf_config(*file,
                                  {.embedding_rows = 100, .has_output_matrix = true, .rope_divisors = {}}));
  }
  return 0;
}
