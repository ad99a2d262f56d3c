// Entries of formats whose blocks are read as a whole and stay as they are stored.
#pragma once

#include "kernels/formats/stored_format.h"

namespace shoal {

// Turns one block of a file into its columns.
using ReadBlock = void(const std::byte* block, float* columns);

template <ReadBlock read>
void dequantize_whole_blocks(const StoredFormat& format, const StoredBytes& blocks, std::span<float> target) {
  const std::byte* block = blocks[0].data();
  for (int64_t column = 0; column < std::ssize(target); column += format.block_columns) {
    read(block, target.data() + column);
    block += format.block_bytes[0];
  }
}

template <ReadBlock read>
StoredFormat whole_block_format(DType type) {
  const DTypeInfo& info = dtype_info(type);
  return {.name = info.name,
          .type = type,
          .block_columns = info.block_elements,
          .block_bytes = {info.block_bytes},
          .dequantize = dequantize_whole_blocks<read>};
}

}  // namespace shoal
