// CHECK stops the process when we broke our own rule. It never checks what a file, peer, client or user can
// cause.
#pragma once

namespace shoal {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace shoal

#define CHECK(condition)                               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::shoal::check_failed(#condition, __FILE__, __LINE__))
