// Any bytes as config.json and as GGUF are refused, or give sizes and a number of frequencies that can be
// computed with.
#include <cmath>

#include "base/check.h"
#include "files/gguf.h"
#include "model/config_reader.h"

namespace {

void check(const shoal::Result<shoal::ModelConfig>& config) {
  if (!config) return;
  CHECK(config->layer_count() > 0 && config->hidden_size > 0);
  for (const shoal::LayerSpec& layer : config->layers) {
    const shoal::GroupedAttentionSpec& attention = layer.attention;
    CHECK(layer.experts ? layer.experts->used <= layer.experts->count : layer.feed_forward.size > 0);
    CHECK(attention.kv_head_count > 0 && attention.head_count % attention.kv_head_count == 0);
    if (layer.rope == shoal::no_rope) continue;
    const shoal::RopeConfig& rope = config->ropes.at(static_cast<size_t>(layer.rope));
    CHECK(2 * std::ssize(rope.inverse_frequencies) <= attention.head_dim);
  }
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
