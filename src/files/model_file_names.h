// What the names of a model's files say. Pure: no file is opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

// By the ending, in any case; hidden files ("._m.gguf", which other systems leave behind) are none.
bool is_gguf_name(std::string_view name);
bool is_safetensors_name(std::string_view name);

// A GGUF file that stands beside a model and is none: mmproj-….gguf, imatrix.gguf.
bool is_companion_name(std::string_view name);

// "x-00002-of-00003.gguf" is part 2 of 3 of "x"; any other GGUF file is the only part of its name without the
// ending.
struct GgufPart {
  std::string stem;
  int64_t part = 1;
  int64_t count = 1;

  bool operator==(const GgufPart&) const = default;
};
GgufPart parse_gguf_name(std::string_view name);

// How the weights are stored, by the end of a name: "llama-1b.q4_k_m" → "Q4_K_M". Empty: it does not say.
std::string quantisation_in(std::string_view stem);
// The whole name is one: "Q4_K_M", "UD-Q4_K_XL", "bf16".
bool is_quantisation(std::string_view name);

// Which files of a folder hold the tensors, given the names of all of them and the text of
// model.safetensors.index.json where there is one. As transformers has it, model.safetensors goes before an
// index; without either, the numbered parts. not_found names what is missing.
Result<std::vector<std::string>> choose_safetensors(const std::vector<std::string>& names,
                                                    const std::optional<std::string>& index_json);

}  // namespace shoal
