// What a parameter may be, as its schema says: readers and grammars of values without quotes have to agree on
// it.
#pragma once

#include <cstdint>

namespace shoal {

enum class ParameterKind : uint8_t { unknown, text, text_or_null, other, either };

}  // namespace shoal
