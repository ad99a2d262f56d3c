// Options that several commands share, and what their values mean.
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

// --split, --threads, --isa, --activations, --kv: how a model is run for looking inside.
struct ArithmeticOptions {
  std::vector<int64_t> split;
  int64_t thread_count = 0;
  std::string isa;
  std::string activations = "int8";
  std::string kv;

  // Declares the options on `command`. This outlives the command line's parsing.
  void declare(CLI::App& command);
  // invalid_argument for an instruction set that this processor lacks.
  Result<LocalModelSettings> settings() const;
};

// 0…9; more is taken as 9. nullopt: something else, as other programs that read DEBUG understand it.
std::optional<int> parse_log_level(std::string_view text);

// "512MB", "4GiB", "8g", "1.5 GB" or a number of bytes. invalid_argument for anything else, and for less than
// any node can use.
Result<int64_t> parse_byte_count(std::string_view text);

// As `command --option VALUE` says it is wrong; CLI11 validators are made of it.
std::string check_byte_count(const std::string& text);

}  // namespace shoal
