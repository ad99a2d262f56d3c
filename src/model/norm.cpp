#include "model/norm.h"

#include "model/linear.h"

namespace shoal {

void Norm::visit_weights(WeightVisitor visit, std::vector<WeightSource> modules, Need need) {
  visit({.sources = with_end(std::move(modules), ".weight"),
         .shape = {size},
         .target = &weight,
         .need = need,
         .added = added});
}

}  // namespace shoal
