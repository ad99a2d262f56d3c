// The values of a GGUF file's metadata.
#pragma once

#include <string_view>

#include "files/gguf.h"
#include "files/gguf_cursor.h"

namespace shoal {

// A count of elements is held against the bytes that are left before anything is reserved.
Result<GgufValue> read_gguf_value(GgufCursor& cursor, GgufType type, std::string_view what);

}  // namespace shoal
