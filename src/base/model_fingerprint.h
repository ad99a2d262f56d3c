// What a model's files hold, in a few numbers, so that nodes can tell whether they have the same: whoever
// mixes layers of two models answers as neither.
#pragma once

#include <cstdint>
#include <string>

namespace shoal {

// Each number is of sizes and bytes, never of names or folders.
struct ModelFingerprint {
  int64_t weight_bytes = 0;  // size of all weight files; 0: nothing is known
  uint64_t settings = 0;     // config.json; of GGUF the header, which has the tokenizer, too
  uint64_t text = 0;         // tokenizer, chat template, generation_config.json; 0: there is none
  uint64_t weights = 0;      // headers of the weight files, and samples of what follows
  uint64_t whole = 0;        // every byte of them; 0: not read yet

  bool is_known() const { return weight_bytes != 0; }
  bool operator==(const ModelFingerprint&) const = default;
};

// False when something differs that both know.
bool have_same_content(const ModelFingerprint& a, const ModelFingerprint& b);

// "the weights have 144.8 MB, not 271.1 MB": `theirs`, not `ours`. Empty where the content is the same.
std::string describe_difference(const ModelFingerprint& theirs, const ModelFingerprint& ours);

}  // namespace shoal
