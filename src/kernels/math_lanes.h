// The polynomials behind math.h, written once over a lane type F: one float (scalar_lane.h) or sixteen
// (cpu/lanes_*.h). F has + - * /, F(float) and F::Int; fma, as_int, as_float, less, select are found in its
// namespace. Operations are rounded one by one in a fixed order, so that every F gives the same bits. The
// coefficients are our own weighted minimax fits, rounded to float32 one after another; the error given with
// each polynomial is its own alone.
#pragma once

#include <cstdint>

#define SHOAL_INLINE [[gnu::always_inline]] inline

namespace shoal {

// Added to a float below 2^22 in magnitude, it leaves the nearest integer (ties to even) in the low bits of
// the mantissa.
inline constexpr float round_magic = 0x1.8p23F;

// exp(x) = 2^k · exp(r) with |r| <= ln 2 / 2; the polynomial has degree 6, error 3.4e-9.
template <class F>
SHOAL_INLINE F exp_lanes(F x) {
  using Int = typename F::Int;
  x = select(less(F(89.0F), x), F(89.0F), x);      // the result is infinite from 88.73 on
  x = select(less(x, F(-104.0F)), F(-104.0F), x);  // the result is zero from -103.98 on
  const F shifted = fma(x, F(0x1.715476p+0F), F(round_magic));
  const F n = shifted - F(round_magic);
  const Int k = as_int(shifted) - as_int(F(round_magic));
  F r = fma(n, F(-0x1.62e430p-1F), x);
  r = fma(n, F(0x1.05c610p-29F), r);
  F p = F(0x1.6a4b98p-10F);
  p = fma(p, r, F(0x1.123e5cp-7F));
  p = fma(p, r, F(0x1.5558bap-5F));
  p = fma(p, r, F(0x1.55548cp-3F));
  p = fma(p, r, F(0x1.fffffcp-2F));
  p = fma(p, r * r, r) + F(1.0F);
  const Int k1 = shift_right(k, 1);  // 2^k in two factors, so that subnormal results are rounded only once
  const Int k2 = k - k1;
  return p * as_float(shift_left(k1 + Int(127), 23)) * as_float(shift_left(k2 + Int(127), 23));
}

// x / (1 + exp(-x))
template <class F>
SHOAL_INLINE F silu_lanes(F x) {
  return x / (F(1.0F) + exp_lanes(F(0.0F) - x));
}

// x / (1 + exp(-1.702·x)) · (y + 1), with x at most `limit` and y within ±limit: the gate of gpt-oss.
template <class F>
SHOAL_INLINE F clipped_silu_lanes(F x, F y, F limit) {
  const F lowest = F(0.0F) - limit;
  x = select(less(limit, x), limit, x);
  y = select(less(limit, y), limit, select(less(y, lowest), lowest, y));
  return x / (F(1.0F) + exp_lanes(x * F(-0x1.b3b646p+0F))) * (y + F(1.0F));
}

// x/2 · (1 + tanh(t)) = x / (1 + exp(-2t)) with t = sqrt(2/π)·(x + 0.044715·x³): Hendrycks and Gimpel 2016.
template <class F>
SHOAL_INLINE F gelu_lanes(F x) {
  const F twice_t = x * fma(x * x, F(0x1.2444f2p-4F), F(0x1.988454p+0F));
  return x / (F(1.0F) + exp_lanes(F(0.0F) - twice_t));
}

// Below 0.625: x + x³·P(x²), error 4.2e-9. Above: 1 - 2 / (exp(2|x|) + 1).
template <class F>
SHOAL_INLINE F tanh_lanes(F x) {
  using Int = typename F::Int;
  const Int sign = as_int(x) & Int(static_cast<int32_t>(0x80000000));
  const F magnitude = as_float(as_int(x) & Int(0x7fffffff));
  const F z = x * x;
  F p = F(-0x1.767d20p-8F);
  p = fma(p, z, F(0x1.524cb2p-6F));
  p = fma(p, z, F(-0x1.b842ccp-5F));
  p = fma(p, z, F(0x1.11075ep-3F));
  p = fma(p, z, F(-0x1.555534p-2F));
  const F small = fma(p * z, x, x);
  const F large = F(1.0F) - F(2.0F) / (exp_lanes(magnitude + magnitude) + F(1.0F));
  return select(less(magnitude, F(0.625F)), small, as_float(as_int(large) | sign));
}

// The common part of sin and cos: x = n·π/2 + r with |r| < 0.83. π/2 is split into three parts of 24 bits;
// fma makes the first product exact, so r is good to one ulp for |x| up to 2^22. Beyond that n does not fit
// and the result is meaningless.
template <class F>
struct QuarterTurns {
  typename F::Int n;
  F sine;    // of r
  F cosine;  // of r
};

template <class F>
SHOAL_INLINE QuarterTurns<F> reduce_angle(F x) {
  const F shifted = fma(x, F(0x1.45f306p-1F), F(round_magic));
  const F n = shifted - F(round_magic);
  F r = fma(n, F(-0x1.921fb6p+0F), x);
  r = fma(n, F(0x1.777a5cp-25F), r);
  r = fma(n, F(0x1.ee59dap-50F), r);
  const F z = r * r;
  F s = F(-0x1.988d9ep-13F);  // sin: r + r³·P(r²), error 5.7e-9
  s = fma(s, z, F(0x1.110522p-7F));
  s = fma(s, z, F(-0x1.555540p-3F));
  F c = F(0x1.993bd8p-16F);  // cos: 1 - z/2 + z²·P(z), error 2.2e-10
  c = fma(c, z, F(-0x1.6c09c0p-10F));
  c = fma(c, z, F(0x1.555546p-5F));
  return {.n = as_int(shifted) - as_int(F(round_magic)),
          .sine = fma(s * z, r, r),
          .cosine = fma(c, z * z, fma(F(-0.5F), z, F(1.0F)))};
}

// Picks sin or cos by quadrant: an odd number of quarter turns exchanges them, half a turn negates.
template <class F>
SHOAL_INLINE F sin_lanes(F x) {
  using Int = typename F::Int;
  const QuarterTurns<F> turns = reduce_angle(x);
  const F odd = as_float(shift_left(turns.n & Int(1), 23));  // not zero where n is odd
  const F value = select(less(F(0.0F), odd), turns.cosine, turns.sine);
  return as_float(as_int(value) ^ shift_left(turns.n & Int(2), 30));
}

template <class F>
SHOAL_INLINE F cos_lanes(F x) {
  using Int = typename F::Int;
  const QuarterTurns<F> turns = reduce_angle(x);
  const F odd = as_float(shift_left(turns.n & Int(1), 23));
  const F value = select(less(F(0.0F), odd), turns.sine, turns.cosine);
  return as_float(as_int(value) ^ shift_left((turns.n + Int(1)) & Int(2), 30));
}

// x = 2^e · (1 + f) with f in [√½ - 1, √2 - 1): e·ln 2 + f - f²/2 + f³·P(f), error 5.9e-9.
template <class F>
SHOAL_INLINE F log_lanes(F x) {
  using Int = typename F::Int;
  const F tiny = F(0x1p-126F);
  const F scaled = select(less(x, tiny), x * F(0x1p23F), x);
  const F scale_exponent = select(less(x, tiny), F(-23.0F), F(0.0F));
  const Int from_root = as_int(scaled) - Int(0x3f3504f3);  // √½
  const Int exponent = shift_right(from_root, 23);
  const F f = as_float(as_int(scaled) - shift_left(exponent, 23)) - F(1.0F);
  const F e = to_float(exponent) + scale_exponent;
  F p = F(-0x1.420384p-4F);
  p = fma(p, f, F(0x1.07d7b8p-3F));
  p = fma(p, f, F(-0x1.0cdf2cp-3F));
  p = fma(p, f, F(0x1.226d02p-3F));
  p = fma(p, f, F(-0x1.547890p-3F));
  p = fma(p, f, F(0x1.99a5aap-3F));
  p = fma(p, f, F(-0x1.000220p-2F));
  p = fma(p, f, F(0x1.55554ap-2F));
  const F z = f * f;
  const F low = fma(e, F(-0x1.05c610p-29F), fma(p * z, f, F(-0.5F) * z));
  F result = fma(e, F(0x1.62e430p-1F), f + low);
  const F infinity = as_float(Int(0x7f800000));
  result = select(less(x, infinity), result, x);  // infinity and NaN stay
  result = select(less(x, F(0.0F)), as_float(Int(0x7fc00000)), result);
  return select(equal(x, F(0.0F)), F(0.0F) - infinity, result);
}

}  // namespace shoal
