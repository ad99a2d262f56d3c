#include "model/linear.h"

#include <string_view>

namespace shoal {

std::vector<WeightSource> with_end(std::vector<WeightSource> modules, std::string_view end) {
  for (WeightSource& module : modules) {
    for (std::string* name : {&module.gguf, &module.hugging_face}) {
      if (!name->empty()) *name += end;
    }
  }
  return modules;
}

void visit_linear(WeightVisitor visit, std::vector<WeightSource> modules, LinearShape shape, Bias bias,
                  Linear& target) {
  visit({.sources = with_end(modules, ".weight"),
         .shape = {shape.outputs, shape.inputs},
         .target = &target.weights});
  if (bias == Bias::none) return;
  visit({.sources = with_end(std::move(modules), ".bias"),
         .shape = {shape.outputs},
         .target = &target.bias,
         .need = bias == Bias::required ? Need::required : Need::optional});
}

}  // namespace shoal
