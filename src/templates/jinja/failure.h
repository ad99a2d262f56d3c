// The exception of the Jinja evaluator. It is thrown and caught inside this folder only; ChatTemplate turns
// it into an Error.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace shoal::jinja {

struct Failure {
  std::string message;
  int line = 0;  // 0: not known where it was thrown
};

template <class... Values>
[[noreturn]] void give_up(fmt::format_string<Values...> format, Values&&... values) {
  throw Failure{fmt::format(format, std::forward<Values>(values)...)};
}

}  // namespace shoal::jinja
