// Checks while reading a message from outside: the first failure is kept, and what is read goes on to be
// plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

// What a node may be called by --node-id: anything else its peers would refuse. invalid_argument says what is
// wrong.
Result<void> check_node_id(std::string_view id);

class WireChecks {
 public:
  // Node, request and machine ids: short, printable, no separators.
  std::string id(const std::string& value, std::string_view field);
  std::string optional_id(const std::string& value, std::string_view field);
  // Model names: as ids, but parts may be joined by '/'; never absolute, never through "." or "..".
  std::string name(const std::string& value, std::string_view field);
  // Text for people or models, of any bytes.
  std::string text(const std::string& value, int64_t limit, std::string_view field);

  int64_t within(int64_t value, int64_t low, int64_t high, std::string_view field);
  // Sizes, counts and offsets.
  int64_t size(int64_t value, std::string_view field);
  // Finite.
  double number(double value, std::string_view field);
  void require(bool holds, std::string_view what);
  // The size of a repeated field.
  void count(int64_t value, int64_t limit, std::string_view field) { within(value, 0, limit, field); }

  bool ok() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  void refuse(std::string message);
  std::optional<Error> error_;
};

}  // namespace shoal
