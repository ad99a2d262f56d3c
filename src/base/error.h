// An error of the world: a code and one sentence. Mistakes of our own are CHECKs, see check.h.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace shoal {

enum class ErrorCode : uint8_t {
  invalid_argument,
  not_found,
  unauthenticated,
  permission_denied,
  resource_exhausted,
  unavailable,
  deadline_exceeded,
  cancelled,
  corrupt_data,
  internal,
};

std::string_view error_code_name(ErrorCode code);

// `message` says what failed, on which thing, with which value and, if possible, what to do.
struct Error {
  ErrorCode code;
  std::string message;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// Hands an error on unchanged: `if (!file) return fail(file.error());`
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// Hands an error on with "context: " in front. Each module adds its context once.
std::unexpected<Error> fail(Error error, std::string_view context);

}  // namespace shoal
