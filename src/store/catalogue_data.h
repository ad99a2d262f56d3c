// The text of catalogue.json, compiled in.
#pragma once

namespace shoal {
extern const char* const catalogue_data;
}  // namespace shoal
