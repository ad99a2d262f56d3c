// The tools of a request, as far as reading calls of them needs: their names, and which parameters are texts.
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
  // As the API takes them: [{"type": "function", "function": {"name", "parameters": {"properties": …}}}].
  // Whatever is no such thing is left out.
  explicit ToolSet(const Value& tools);

  bool empty() const { return functions_ == nullptr || functions_->empty(); }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  ParameterKind kind_of(std::string_view function, std::string_view parameter) const;

 private:
  const Value* find(std::string_view name) const;

  std::shared_ptr<const Value::Array> functions_;  // a copy is cheap
};

}  // namespace shoal
