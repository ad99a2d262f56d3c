#include "cli/tensor_list.h"

#include <functional>
#include <numeric>
#include <set>

#include "model/architecture.h"

namespace shoal {
namespace {

ListedTensor describe(const StoredWeight& stored) {
  const StoredFormat& format = *stored.format;
  const StoredPart& numbers = stored.parts.front();
  ListedTensor listed{.name = numbers.tensor->name,
                      .format = std::string(format.name),
                      .shape = numbers.tensor->shape,
                      .group = format.block_columns,
                      .bytes = 0};
  if (listed.shape.size() > 1) {
    listed.shape.back() = numbers.row_bytes / format.block_bytes.front() * format.block_columns;
  }
  for (const StoredPart& part : stored.parts) {
    if (part.tensor != nullptr) listed.bytes += part.tensor->bytes;
  }
  return listed;
}

}  // namespace

double ListedTensor::bits_per_weight() const {
  const int64_t weights = std::reduce(shape.begin(), shape.end(), int64_t{1}, std::multiplies());
  return 8.0 * static_cast<double>(bytes) / static_cast<double>(weights);
}

std::vector<ListedTensor> list_tensors(const Checkpoint& checkpoint) {
  std::vector<ListedTensor> tensors;
  std::set<const StoredTensor*> seen;
  const auto add = [&](const Weight&, const StoredWeight& stored) {
    if (seen.insert(stored.parts.front().tensor).second) tensors.push_back(describe(stored));
  };
  Head head;
  checkpoint.visit_head(head, add);
  const ModelConfig& config = checkpoint.config();
  for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
    checkpoint.visit_layer(layer, *make_layer(config, layer), add);
  }
  return tensors;
}

}  // namespace shoal
