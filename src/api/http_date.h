// Writes a time as HTTP does: "Sun, 06 Nov 1994 08:49:37 GMT". Pure.
#pragma once

#include <chrono>
#include <string>

namespace shoal {

std::string format_http_date(std::chrono::system_clock::time_point time);

}  // namespace shoal
