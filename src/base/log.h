// Log lines on stderr: "HH:MM:SS.mmm level text". DEBUG=0…9 (or set_log_level) says how much is shown.
// Prompts and completions may appear at level 3 and above only. Any thread may log.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace shoal {

// -1: warnings and errors only; 0: notices too (the default); 1 to 9: more and more detail.
void set_log_level(int level);
int log_level();

void write_log_line(std::string_view kind, std::string_view text);

template <class... Values>
void log_error(fmt::format_string<Values...> format, Values&&... values) {
  write_log_line("error", fmt::format(format, std::forward<Values>(values)...));
}

template <class... Values>
void log_warning(fmt::format_string<Values...> format, Values&&... values) {
  write_log_line("warning", fmt::format(format, std::forward<Values>(values)...));
}

template <class... Values>
void log_notice(fmt::format_string<Values...> format, Values&&... values) {
  if (log_level() >= 0) write_log_line("notice", fmt::format(format, std::forward<Values>(values)...));
}

template <class... Values>
void log_debug(int level, fmt::format_string<Values...> format, Values&&... values) {
  if (log_level() >= level) write_log_line("debug", fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace shoal
