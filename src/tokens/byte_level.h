// GPT-2's way to write bytes as printable characters, used by byte-level vocabularies: "Ġthe" is " the".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal {

// Appends the bytes that `written` stands for. False, with nothing appended, when one of its characters
// stands for no byte.
bool append_byte_level(std::string_view written, std::string& bytes);

// The byte of a SentencePiece byte token such as "<0x0A>"; -1 for any other token.
int byte_of_token(std::string_view written);

}  // namespace shoal
