#include "cli/option_values.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/letter_case.h"
#include "base/os.h"

namespace shoal {
namespace {

constexpr int most_detailed_level = 9;
constexpr int64_t least_memory_limit = 1'000'000;

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// Bytes of the unit "", "b", "g", "gb", "gi", "gib" and the like, in any case, as disks, containers and
// people write them.
std::optional<double> bytes_of_unit(std::string_view text) {
  const std::string unit = to_lower_ascii(text);
  if (unit.empty() || unit == "b") return 1;
  const size_t power = std::string_view("kmgtp").find(unit.front());
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = std::string_view(unit).substr(1);
  const bool is_decimal = rest.empty() || rest == "b";
  if (!is_decimal && rest != "i" && rest != "ib") return std::nullopt;
  return std::pow(is_decimal ? 1000.0 : 1024.0, static_cast<double>(power + 1));
}

}  // namespace

void ArithmeticOptions::declare(CLI::App& command) {
  command.add_option("--split", split, "layers of each stage, as 10,15,5; the stages are run as a ring")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1 << 20));
  command
      .add_option("--threads", thread_count,
                  "threads of each stage (default: the processors that it may use)")
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
  settings.thread_count = thread_count > 0 ? thread_count : os::processor_count();
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

std::optional<int> parse_log_level(std::string_view text) {
  int64_t level = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
  if (error == std::errc::result_out_of_range && !text.starts_with('-')) return most_detailed_level;
  if (error != std::errc() || end != text.data() + text.size() || level < 0) return std::nullopt;
  return static_cast<int>(std::min<int64_t>(level, most_detailed_level));
}

Result<int64_t> parse_byte_count(std::string_view text) {
  const std::string_view whole = text;
  text = trimmed(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = trimmed(text.substr(static_cast<size_t>(end - text.data())));
  const std::optional<double> factor = bytes_of_unit(unit);
  if (error != std::errc() || !factor || !(number >= 0 && number * *factor < 9e18)) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is no amount of memory: a number with MB, GB, MiB or GiB is expected, as 8GB",
                    whole));
  }
  const auto bytes = static_cast<int64_t>(number * *factor);
  if (bytes < least_memory_limit) {
    return fail(ErrorCode::invalid_argument,
                unit.empty()
                    ? fmt::format("'{}' means {} bytes, in which nothing has room; {}GB?", whole, bytes, text)
                    : fmt::format("'{}' is less than anything has room in", whole));
  }
  return bytes;
}

std::string check_byte_count(const std::string& text) {
  auto bytes = parse_byte_count(text);
  return bytes ? std::string() : bytes.error().message;
}

}  // namespace shoal
