// The tools of a request as far as reading their calls needs: names, and the kinds of parameters.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "grammar/argument_notation.h"
#include "json/value.h"

namespace shoal {

class ToolSet {
 public:
  ToolSet() = default;
  // Takes the API's form: [{"type": "function", "function": {"name", "parameters": {"properties": …}}}].
  // Entries of another form are left out.
  explicit ToolSet(const Value& tools);

  bool empty() const { return functions_ == nullptr || functions_->empty(); }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // unknown when the function, the parameter or its type is not known.
  ParameterKind kind_of(std::string_view function, std::string_view parameter) const;

 private:
  const Value* find(std::string_view name) const;

  std::shared_ptr<const Value::Array> functions_;  // shared, so that copies are cheap
};

}  // namespace shoal
