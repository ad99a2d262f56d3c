// exp, sin, cos, log, tanh and silu in float32: the same polynomial in scalar and vector code, so the same bits
// everywhere. Sources and error bounds stand at each function in math.cpp.
#pragma once

namespace shoal {

float exp_f32(float x);
float log_f32(float x);
float sin_f32(float x);
float cos_f32(float x);
float tanh_f32(float x);
float silu_f32(float x);  // x / (1 + exp(-x))

}  // namespace shoal
