// Converts a Python literal (text, number, True, False, None, list, tuple, dict) to JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal {

// nullopt for anything else. JSON's true, false and null are understood too.
std::optional<std::string> python_literal_to_json(std::string_view literal);

}  // namespace shoal
