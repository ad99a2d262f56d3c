// JSON as Python writes it: its json module puts numbers into config.json that JSON does not have.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

// Turns NaN, Infinity and -Infinity into strings of these words: a file with one in a member that nobody
// reads can be parsed, and whoever reads that member sees that it is no number. Also strips a byte order
// mark.
std::string plain_json(std::string_view python_json);

}  // namespace shoal
