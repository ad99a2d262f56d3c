// GPT-2's way to write bytes as printable characters, which byte-level vocabularies are written in: "Ġthe" is
// " the".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal {

// Appends the bytes that `written` stands for. False, with nothing appended, when a character of it stands
// for none.
bool append_byte_level(std::string_view written, std::string& bytes);

// The byte of a SentencePiece byte token, "<0x0A>"; -1 for anything else.
int byte_of_token(std::string_view written);

}  // namespace shoal
