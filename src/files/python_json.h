// JSON as Python writes it: numbers that JSON does not have, which its own json module puts into config.json.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

// NaN, Infinity and -Infinity become texts of these words, so that a file with one in a member that nobody
// reads is read, and whoever reads that member sees that it is no number. A byte order mark is taken away.
std::string plain_json(std::string_view python_json);

}  // namespace shoal
