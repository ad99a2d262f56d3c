// What a model's files contain, in a few numbers, so that nodes can tell whether they have the same model:
// layers of two different models would together answer as neither.
#pragma once

#include <cstdint>
#include <string>

namespace shoal {

// The numbers are made of sizes and bytes, never of names or folders.
struct ModelFingerprint {
  int64_t weight_bytes = 0;  // size of all weight files; 0: nothing is known
  uint64_t settings = 0;     // hash of config.json; for GGUF, of the header, which includes the tokenizer
  uint64_t text = 0;         // hash of tokenizer, chat template and generation_config.json; 0: there are none
  uint64_t weights = 0;      // hash of the weight files' headers and of samples of their data
  uint64_t whole = 0;        // hash of every byte of the weight files; 0: not read yet

  bool is_known() const { return weight_bytes != 0; }
  bool operator==(const ModelFingerprint&) const = default;
};

// False when both are known and differ; `whole` counts only when both have read it.
bool have_same_content(const ModelFingerprint& a, const ModelFingerprint& b);

// For people: "the weights have 144811520 bytes, not 271069184" (`theirs`, then `ours`). Empty when the
// content is the same.
std::string describe_difference(const ModelFingerprint& theirs, const ModelFingerprint& ours);

}  // namespace shoal
