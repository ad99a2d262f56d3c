// Reads the configuration from the two kinds of files. Pure: no files are opened here. corrupt_data for
// values that contradict each other or are missing, invalid_argument for variants that are not supported.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "files/gguf.h"
#include "model/config.h"

namespace shoal {

// What GGUF expresses by tensors instead of keys; the tensors may be in any part of a split model.
struct GgufTensorFacts {
  int64_t embedding_rows = 0;
  bool has_output_matrix = false;
  std::vector<float> rope_divisors = {};        // the values of rope_freqs.weight; empty when there is none
  std::vector<float> rope_short_divisors = {};  // the same of rope_factors_short.weight
  std::vector<float> rope_long_divisors = {};   // the same of rope_factors_long.weight
};
Result<ModelConfig> read_gguf_config(const GgufFile& file, GgufTensorFacts facts);

// `json` is the text of config.json, in the form of the hub or of transformers 5. Of a model of several kinds
// of input, what is said of its text.
Result<ModelConfig> read_hugging_face_config(std::string_view json);

}  // namespace shoal
