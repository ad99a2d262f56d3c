// exp, log, sin, cos, tanh and silu in float32: the same polynomial in scalar and vector code (math_lanes.h),
// so the same bits everywhere. Against the true value: exp, log, sin and cos within 2 ulp, tanh and silu
// within 4.
#pragma once

namespace shoal {

float exp_f32(float x);
float log_f32(float x);
// For |x| up to 2^22.
float sin_f32(float x);
float cos_f32(float x);
float tanh_f32(float x);
float silu_f32(float x);  // x / (1 + exp(-x))

}  // namespace shoal
