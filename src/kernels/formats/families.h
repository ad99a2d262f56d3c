// The families of formats, each in a file of its own; stored_format.cpp joins them.
#pragma once

#include <span>

#include "kernels/formats/stored_format.h"

namespace shoal {

std::span<const StoredFormat> float_formats();
std::span<const StoredFormat> gguf_legacy_formats();
std::span<const StoredFormat> gguf_k_quant_formats();
std::span<const StoredFormat> gguf_iq_formats();
std::span<const StoredFormat> gguf_table_formats();
std::span<const StoredFormat> gguf_ternary_formats();
std::span<const StoredFormat> mlx_affine_formats();

}  // namespace shoal
