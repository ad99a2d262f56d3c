// Checks the fields of a message from outside as they are read. The first failure is kept as corrupt_data,
// and reading goes on: the reader asks ok() at the end, and before what a bad count would make costly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

// Whether --node-id may give a node this id: peers would refuse any other. invalid_argument says what is
// wrong.
Result<void> check_node_id(std::string_view id);

class WireChecks {
 public:
  // Node, request and machine ids: short, printable, no separators.
  std::string id(const std::string& value, std::string_view field);
  std::string optional_id(const std::string& value, std::string_view field);
  // Model names are ids that may be joined by '/'; they are never absolute and never lead through "." or
  // "..".
  std::string name(const std::string& value, std::string_view field);
  // Text for people or models, of any bytes.
  std::string text(const std::string& value, int64_t limit, std::string_view field);

  int64_t within(int64_t value, int64_t low, int64_t high, std::string_view field);
  // Sizes, counts and offsets: from 0 to 2^60.
  int64_t size(int64_t value, std::string_view field);
  // Any finite number.
  double number(double value, std::string_view field);
  void require(bool holds, std::string_view what);
  // The size of a repeated field.
  void count(int64_t value, int64_t limit, std::string_view field) { within(value, 0, limit, field); }

  bool ok() const { return !error_; }
  const Error& error() const { return *error_; }  // only when not ok()

 private:
  void refuse(std::string message);
  std::optional<Error> error_;
};

}  // namespace shoal
