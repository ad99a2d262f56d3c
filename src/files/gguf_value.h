// Reads one value of a GGUF file's metadata.
#pragma once

#include <string_view>

#include "files/gguf.h"
#include "files/gguf_cursor.h"

namespace shoal {

// `what` names the value in errors. An array's count is checked against the bytes left before memory is
// reserved.
Result<GgufValue> read_gguf_value(GgufCursor& cursor, GgufType type, std::string_view what);

}  // namespace shoal
