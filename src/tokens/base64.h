#pragma once

#include <string>
#include <string_view>

namespace shoal {

// False when `text` is no base64; the content of `bytes` is then useless.
bool decode_base64(std::string_view text, std::string& bytes);

}  // namespace shoal
