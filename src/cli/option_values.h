// Options that several commands share, and functions that read options' values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/local_model.h"

namespace CLI {
class App;
}

namespace shoal {

// --split, --threads, --isa, --activations, --kv: how a model is run by commands that look inside it.
struct ArithmeticOptions {
  std::vector<int64_t> split;
  int64_t thread_count = 0;
  std::string isa;
  std::string activations = "int8";
  std::string kv;

  // Declares the options on `command`. This object must outlive the reading of the command line.
  void declare(CLI::App& command);
  // invalid_argument for an instruction set that this processor lacks.
  Result<LocalModelSettings> settings() const;
};

// Reads a log level 0…9; larger numbers count as 9. nullopt for anything else, because other programs read
// DEBUG, too.
std::optional<int> parse_log_level(std::string_view text);

// Reads "512MB", "4GiB", "8g", "1.5 GB" or a number of bytes. invalid_argument for anything else, and for
// less than any node can use.
Result<int64_t> parse_byte_count(std::string_view text);

// For a CLI11 validator: what is wrong with the text, as parse_byte_count() says it; empty when nothing is.
std::string check_byte_count(const std::string& text);

}  // namespace shoal
