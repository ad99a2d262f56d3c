// Options that several commands share, and what their values mean.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
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

// "512MB", "4GiB", "1.5G" or a plain number of bytes. invalid_argument otherwise.
Result<int64_t> parse_byte_count(const std::string& text);

// As `command --option VALUE` says it is wrong; CLI11 validators are made of it.
std::string check_byte_count(const std::string& text);

}  // namespace shoal
