#include "cli/option_values.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/os.h"

namespace shoal {

void ArithmeticOptions::declare(CLI::App& command) {
  command.add_option("--split", split, "layers of each stage, as 10,15,5; the stages are run as a ring")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1 << 20));
  command.add_option("--threads", thread_count, "threads of each stage (default: the processors allowed)")
      ->check(CLI::Range(1, 1024));
  command.add_option("--isa", isa, "instruction set (default: the best here)")
      ->check(CLI::IsMember({"reference", "baseline", "avx2", "avx512"}));
  command
      .add_option("--activations", activations, "int8, or f32 with exact weights as float32 oracles have it")
      ->check(CLI::IsMember({"int8", "f32"}))
      ->capture_default_str();
  command.add_option("--kv", kv, "type of the KV cache: f16 (default), f32 (default with --activations f32)")
      ->check(CLI::IsMember({"f16", "f32"}));
}

Result<LocalModelSettings> ArithmeticOptions::settings() const {
  LocalModelSettings settings;
  settings.split = split;
  settings.thread_count =
      thread_count > 0 ? thread_count : static_cast<int64_t>(os::allowed_processors().size());
  if (isa.empty()) {
    auto best = choose_isa();
    if (!best) return fail(best.error());
    settings.isa = *best;
  } else {
    const auto named = find_isa(isa);
    if (!named || !isa_available(*named)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("--isa {}: {} does not have these instructions", isa, os::processor_name()));
    }
    settings.isa = *named;
  }
  settings.exact_float = activations == "f32";
  settings.kv_type = kv == "f32" || (kv.empty() && settings.exact_float) ? KvType::f32 : KvType::f16;
  return settings;
}

Result<int64_t> parse_byte_count(const std::string& text) {
  constexpr std::pair<std::string_view, double> units[] = {{"", 1},
                                                           {"B", 1},
                                                           {"K", 1e3},
                                                           {"KB", 1e3},
                                                           {"M", 1e6},
                                                           {"MB", 1e6},
                                                           {"G", 1e9},
                                                           {"GB", 1e9},
                                                           {"T", 1e12},
                                                           {"TB", 1e12},
                                                           {"KiB", 1024},
                                                           {"MiB", 1 << 20},
                                                           {"GiB", 1024.0 * (1 << 20)},
                                                           {"TiB", 1048576.0 * (1 << 20)}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : units) {
    if (error == std::errc() && unit == name && number >= 0 && number * factor < 9e18) {
      return static_cast<int64_t>(number * factor);
    }
  }
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("'{}' is no amount of memory: bytes, or a number with KB, MB, GB, KiB, MiB or GiB", text));
}

std::string check_byte_count(const std::string& text) {
  auto bytes = parse_byte_count(text);
  return bytes ? std::string() : bytes.error().message;
}

}  // namespace shoal
