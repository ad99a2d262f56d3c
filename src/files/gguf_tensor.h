// Reads one entry of a GGUF file's directory of tensors.
#pragma once

#include "files/gguf.h"
#include "files/gguf_cursor.h"

namespace shoal {

// The result's `offset` is still relative to the start of the data and not yet checked against the file's
// size.
Result<GgufTensor> read_gguf_tensor(GgufCursor& cursor);

}  // namespace shoal
