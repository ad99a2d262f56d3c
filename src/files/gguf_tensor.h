// An entry of a GGUF file's directory of tensors.
#pragma once

#include "files/gguf.h"
#include "files/gguf_cursor.h"

namespace shoal {

// `offset` of the result is still relative to the data's start, and not yet held against the file's size.
Result<GgufTensor> read_gguf_tensor(GgufCursor& cursor);

}  // namespace shoal
