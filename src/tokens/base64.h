#pragma once

#include <string>
#include <string_view>

namespace shoal {

// False for what is no base64; `bytes` then holds nothing of use.
bool decode_base64(std::string_view text, std::string& bytes);

}  // namespace shoal
