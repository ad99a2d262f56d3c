#include "files/model_file_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>

#include "files/safetensors.h"

namespace shoal {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

bool has_ending(std::string_view name, std::string_view upper_ending) {
  return name.size() > upper_ending.size() &&
         upper(name.substr(name.size() - upper_ending.size())) == upper_ending;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `name` is in upper case: "Q4_K_M", "IQ2_XS", "TQ1_0", or one of the types without blocks.
bool is_plain_quantisation(std::string_view name) {
  constexpr std::array<std::string_view, 9> whole = {"F16", "F32",   "BF16",  "FP16",     "FP32",
                                                     "F64", "MXFP4", "NVFP4", "MXFP4_MOE"};
  if (std::ranges::find(whole, name) != whole.end()) return true;
  if (name.starts_with("IQ") || name.starts_with("TQ")) name.remove_prefix(1);
  return name.size() > 1 && name[0] == 'Q' && is_digit(name[1]) &&
         std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '_' || (c >= 'A' && c <= 'Z'); });
}

// The number of a part, of five digits; nullopt when `digits` is no number from 1.
std::optional<int64_t> part_number(std::string_view digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 1) return std::nullopt;
  return value;
}

// Parses "x-00002-of-00003" as part 2 of 3 of "x".
std::optional<GgufPart> parse_part(std::string_view name) {
  constexpr size_t tail = sizeof("-00002-of-00003") - 1;
  if (name.size() <= tail) return std::nullopt;
  const std::string_view end = name.substr(name.size() - tail);
  if (end[0] != '-' || upper(end.substr(6, 4)) != "-OF-") return std::nullopt;
  const auto part = part_number(end.substr(1, 5));
  const auto count = part_number(end.substr(10, 5));
  if (!part || !count || *part > *count) return std::nullopt;
  return GgufPart{.stem = std::string(name.substr(0, name.size() - tail)), .part = *part, .count = *count};
}

std::string_view without_ending(std::string_view name) { return name.substr(0, name.rfind('.')); }

// All parts of the first numbering among the names (model-00001-of-0000N.safetensors); not_found when one is
// missing.
Result<std::vector<std::string>> choose_numbered(const std::vector<std::string>& names) {
  std::vector<std::string> chosen;
  std::optional<GgufPart> first;
  for (const std::string& name : names) {
    if (!is_safetensors_name(name)) continue;
    const auto part = parse_part(without_ending(name));
    if (!part || (first && (part->stem != first->stem || part->count != first->count))) continue;
    if (!first) first = part;
    chosen.push_back(name);
  }
  if (!first) {
    return fail(ErrorCode::not_found,
                "the folder has neither model.safetensors nor model.safetensors.index.json");
  }
  if (std::ssize(chosen) != first->count) {
    return fail(ErrorCode::not_found, fmt::format("only {} of {} parts of {}.safetensors are there",
                                                  chosen.size(), first->count, first->stem));
  }
  return chosen;
}

}  // namespace

bool is_gguf_name(std::string_view name) { return !name.starts_with('.') && has_ending(name, ".GGUF"); }

bool is_safetensors_name(std::string_view name) {
  return !name.starts_with('.') && has_ending(name, ".SAFETENSORS");
}

bool is_companion_name(std::string_view name) {
  const std::string stem = upper(without_ending(name));
  return stem.starts_with("MMPROJ") || stem.ends_with("-MMPROJ") || stem == "IMATRIX" ||
         stem.starts_with("IMATRIX.") || stem.ends_with(".IMATRIX") || stem.ends_with("-IMATRIX");
}

GgufPart parse_gguf_name(std::string_view name) {
  const std::string_view stem = without_ending(name);
  if (auto part = parse_part(stem)) return *std::move(part);
  return {.stem = std::string(stem)};
}

bool is_quantisation(std::string_view name) {
  const std::string label = upper(name);
  return is_plain_quantisation(label.starts_with("UD-") ? std::string_view(label).substr(3) : label);
}

std::string quantisation_in(std::string_view stem) {
  for (size_t at = 0; at < stem.size(); ++at) {
    const bool begins_word =
        at == 0 || stem[at - 1] == '-' || stem[at - 1] == '.' || stem[at - 1] == '_' || stem[at - 1] == ' ';
    if (begins_word && is_quantisation(stem.substr(at))) return upper(stem.substr(at));
  }
  return {};
}

Result<std::vector<std::string>> choose_safetensors(const std::vector<std::string>& names,
                                                    const std::optional<std::string>& index_json) {
  const std::string whole = "model.safetensors";
  if (std::ranges::find(names, whole) != names.end()) return std::vector{whole};
  if (!index_json) return choose_numbered(names);
  const auto index = parse_safetensors_index(*index_json);
  if (!index) return fail(index.error());
  std::set<std::string> files;
  for (const auto& [tensor, file] : *index) {
    if (std::ranges::find(names, file) == names.end()) {
      return fail(ErrorCode::not_found,
                  fmt::format("the index names {}, which is not there: the download is not whole", file));
    }
    files.insert(file);
  }
  return std::vector<std::string>(files.begin(), files.end());
}

}  // namespace shoal
