// What the names of a model's files tell. Pure: no file is opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

// By the name's ending, in any case. False for hidden files ("._m.gguf", which other systems leave behind).
bool is_gguf_name(std::string_view name);
bool is_safetensors_name(std::string_view name);

// A GGUF file that accompanies a model but is not one itself: mmproj-….gguf, imatrix.gguf.
bool is_companion_name(std::string_view name);

// "x-00002-of-00003.gguf" is part 2 of 3 of "x"; any other GGUF file is the only part, and its stem is its
// name without the ending.
struct GgufPart {
  std::string stem;
  int64_t part = 1;
  int64_t count = 1;

  bool operator==(const GgufPart&) const = default;
};
GgufPart parse_gguf_name(std::string_view name);

// The kind of quantisation at the end of a name, in upper case: "llama-1b.q4_k_m" → "Q4_K_M". Empty when
// there is none.
std::string quantisation_in(std::string_view stem);
// Whether the whole name is a kind of quantisation: "Q4_K_M", "UD-Q4_K_XL", "bf16".
bool is_quantisation(std::string_view name);

// Which files of a folder hold the tensors, given the names of all its files and the text of
// model.safetensors.index.json if there is one. As in transformers, model.safetensors comes first, then the
// index, then numbered parts. not_found names a missing file.
Result<std::vector<std::string>> choose_safetensors(const std::vector<std::string>& names,
                                                    const std::optional<std::string>& index_json);

}  // namespace shoal
