// Holds the tensors of a model's files against what its architecture describes.
#pragma once

#include "base/error.h"
#include "model/checkpoint_reader.h"
#include "model/stored_weight.h"

namespace shoal {

// The tensors that the architecture needs. corrupt_data for one that is missing, there twice, of another
// shape or of a layer that the model does not have; invalid_argument for one of a type that is not supported,
// or that the architecture does not know.
Result<StoredTensors> check_tensors(const CheckpointFiles& files);

}  // namespace shoal
