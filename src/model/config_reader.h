// Reads the configuration from the two kinds of files. Pure: no files are opened here. corrupt_data for
// values that contradict each other or are missing, invalid_argument for variants that are not supported.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "files/gguf.h"
#include "model/config.h"
#include "model/rope.h"

namespace shoal {

// What GGUF expresses by tensors instead of keys; the tensors may be in any part of a split model.
struct GgufTensorFacts {
  int64_t embedding_rows;
  bool has_output_matrix;
  std::vector<float> rope_divisors;  // the values of rope_freqs.weight; empty when there is none
};
Result<ModelConfig> read_gguf_config(const GgufFile& file, GgufTensorFacts facts);

// `json` is the text of config.json, in the form of the hub or of transformers 5.
Result<ModelConfig> read_hugging_face_config(std::string_view json);

// What files say of layers that are all alike.
struct AlikeLayers {
  int64_t count;
  GroupedAttentionSpec attention;
  GatedFeedForwardSpec feed_forward;
  RopeSettings rope;
};

// Checks all sizes, so that products of them do not overflow, then makes the layers' specifications and
// computes the rope frequencies.
Result<ModelConfig> finish_config(ModelConfig config, const AlikeLayers& layers);

}  // namespace shoal
