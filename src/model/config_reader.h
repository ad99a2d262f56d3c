// The configuration as the two kinds of files state it. Pure: no files are opened here.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "files/gguf.h"
#include "model/config.h"
#include "model/rope.h"

namespace shoal {

// What GGUF says by tensors instead of by keys; they may lie in any part of a split model.
struct GgufTensorFacts {
  int64_t embedding_rows;
  bool has_output_matrix;
  std::vector<float> rope_divisors;  // the values of rope_freqs.weight, empty where there is none
};
Result<ModelConfig> read_gguf_config(const GgufFile& file, GgufTensorFacts facts);

// `json` is the text of config.json, as on the hub or as transformers 5 writes it.
Result<ModelConfig> read_hugging_face_config(std::string_view json);

// Checks all sizes, so that products of them do not overflow, then computes the rope frequencies.
Result<ModelConfig> finish_config(ModelConfig config, const RopeSettings& rope);

}  // namespace shoal
