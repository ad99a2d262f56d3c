#include "kernels/math.h"

#include "kernels/math_lanes.h"
#include "kernels/scalar_lane.h"

namespace shoal {

float exp_f32(float x) { return exp_lanes(ScalarFloat(x)).value; }
float log_f32(float x) { return log_lanes(ScalarFloat(x)).value; }
float sin_f32(float x) { return sin_lanes(ScalarFloat(x)).value; }
float cos_f32(float x) { return cos_lanes(ScalarFloat(x)).value; }
float tanh_f32(float x) { return tanh_lanes(ScalarFloat(x)).value; }
float silu_f32(float x) { return silu_lanes(ScalarFloat(x)).value; }
float gelu_f32(float x) { return gelu_lanes(ScalarFloat(x)).value; }

}  // namespace shoal
