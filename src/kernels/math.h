// exp, log, sin, cos, tanh, silu and gelu in float32. Scalar and vector code use the same polynomials
// (math_lanes.h), so the bits are the same everywhere. The error is at most 2 ulp for exp, log, sin and cos,
// 4 ulp for tanh and silu.
#pragma once

namespace shoal {

float exp_f32(float x);
float log_f32(float x);
// sin and cos are meaningful for |x| up to 2^22.
float sin_f32(float x);
float cos_f32(float x);
float tanh_f32(float x);
float silu_f32(float x);  // x / (1 + exp(-x))
float gelu_f32(float x);  // x / (1 + exp(-2·sqrt(2/π)·(x + 0.044715·x³)))

}  // namespace shoal
