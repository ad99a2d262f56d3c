#include "base/model_fingerprint.h"

#include <fmt/format.h>

namespace shoal {

bool have_same_content(const ModelFingerprint& a, const ModelFingerprint& b) {
  return describe_difference(a, b).empty();
}

std::string describe_difference(const ModelFingerprint& theirs, const ModelFingerprint& ours) {
  if (!theirs.is_known() || !ours.is_known()) return {};
  if (theirs.weight_bytes != ours.weight_bytes) {
    return fmt::format("the weights have {} bytes, not {}", theirs.weight_bytes, ours.weight_bytes);
  }
  if (theirs.settings != ours.settings) return "config.json or the GGUF header is another one";
  if (theirs.text != ours.text) return "tokenizer, chat template or generation_config.json is another one";
  const bool whole_differs = theirs.whole != 0 && ours.whole != 0 && theirs.whole != ours.whole;
  if (theirs.weights != ours.weights || whole_differs) return "the weights are others of the same size";
  return {};
}

}  // namespace shoal
