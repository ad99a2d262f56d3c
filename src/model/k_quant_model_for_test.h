// A small Llama for tests whose matrices are K-quants, mixed as llama.cpp's Q4_K_M and Q5_K_M mix them, and
// the same Llama in float32. The fields of blocks are drawn and then packed as ggml's ggml-common.h lays them
// out, so each weight's value follows from the fields, not from a reader of ours.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "model/stored_model_for_test.h"

namespace shoal {

inline constexpr int64_t k_quant_block = 256;

class KQuantWriter {
 public:
  explicit KQuantWriter(uint32_t seed) : random_(seed) {}

  void add_block(DType type, DrawnWeights& out) {
    if (type == DType::q6_k) return add_q6_k(out);
    add_q4_k_or_q5_k(type == DType::q5_k, out);
  }

 private:
  using Quants = std::array<uint8_t, k_quant_block>;

  int draw(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<uint32_t>(high - low + 1));
  }

  // An f16 in [2^exponent, 2^(exponent + 1)), as bits and as value.
  struct Half {
    uint16_t bits;
    double value;
  };
  Half draw_half(int exponent) {
    const int fraction = draw(0, 1023);
    return {.bits = static_cast<uint16_t>((15 + exponent) << 10 | fraction),
            .value = std::ldexp(1.0 + fraction / 1024.0, exponent)};
  }
  static void put_half(Half half, std::string& bytes) {
    bytes.append(reinterpret_cast<const char*>(&half.bits), sizeof half.bits);
  }

  Quants draw_quants(int bits) {
    Quants quants;
    for (uint8_t& quant : quants) quant = static_cast<uint8_t>(draw(0, (1 << bits) - 1));
    return quants;
  }

  // Values are d · scale · quant − dmin · min, in eight groups of 32 with a scale and a min of 6 bits each.
  void add_q4_k_or_q5_k(bool has_fifth_bits, DrawnWeights& out) {
    const int bits = has_fifth_bits ? 5 : 4;
    const Half d = draw_half(-8 - bits), dmin = draw_half(-8);
    std::array<int, 8> scales, mins;
    for (size_t g = 0; g < 8; ++g) {
      scales[g] = draw(10, 63);
      // Chosen so that the group's mean is about zero.
      const double middle = d.value * scales[g] * ((1 << bits) - 1) / 2 / dmin.value;
      mins[g] = std::clamp(static_cast<int>(middle) + draw(-1, 1), 0, 63);
    }
    const Quants quants = draw_quants(bits);
    for (size_t i = 0; i < k_quant_block; ++i) {
      out.values.push_back(
          static_cast<float>(d.value * scales[i / 32] * quants[i] - dmin.value * mins[i / 32]));
    }

    put_half(d, out.bytes);
    put_half(dmin, out.bytes);
    std::array<uint8_t, 12> packed{};
    for (size_t j = 0; j < 4; ++j) {
      packed[j] = static_cast<uint8_t>(scales[j] | (scales[j + 4] >> 4) << 6);
      packed[j + 4] = static_cast<uint8_t>(mins[j] | (mins[j + 4] >> 4) << 6);
      packed[j + 8] = static_cast<uint8_t>((scales[j + 4] & 15) | (mins[j + 4] & 15) << 4);
    }
    out.bytes.append(packed.begin(), packed.end());
    std::array<uint8_t, 32> fifth_bits{};
    std::array<uint8_t, 128> low{};
    for (size_t i = 0; i < k_quant_block; ++i) {
      const size_t group = i / 32, lane = i % 32;
      fifth_bits[lane] = static_cast<uint8_t>(fifth_bits[lane] | (quants[i] >> 4) << group);
      uint8_t& byte = low[group / 2 * 32 + lane];
      byte = static_cast<uint8_t>(byte | (quants[i] & 15) << (group % 2 * 4));
    }
    if (has_fifth_bits) out.bytes.append(fifth_bits.begin(), fifth_bits.end());
    out.bytes.append(low.begin(), low.end());
  }

  // Values are d · scale · (quant − 32), in sixteen groups of 16 with a signed scale each.
  void add_q6_k(DrawnWeights& out) {
    const Half d = draw_half(-14);
    std::array<int8_t, 16> scales;
    for (int8_t& scale : scales) scale = static_cast<int8_t>(draw(8, 48) * (draw(0, 1) == 0 ? 1 : -1));
    const Quants quants = draw_quants(6);
    for (size_t i = 0; i < k_quant_block; ++i) {
      out.values.push_back(static_cast<float>(d.value * scales[i / 16] * (quants[i] - 32)));
    }

    std::array<uint8_t, 128> low{};
    std::array<uint8_t, 64> high{};
    for (size_t i = 0; i < k_quant_block; ++i) {
      const size_t half = i / 128, part = i % 128 / 32, lane = i % 32;
      uint8_t& low_byte = low[half * 64 + part % 2 * 32 + lane];
      low_byte = static_cast<uint8_t>(low_byte | (quants[i] & 15) << (part / 2 * 4));
      uint8_t& high_byte = high[half * 32 + lane];
      high_byte = static_cast<uint8_t>(high_byte | (quants[i] >> 4) << (part * 2));
    }
    out.bytes.append(low.begin(), low.end());
    out.bytes.append(high.begin(), high.end());
    for (const int8_t scale : scales) out.bytes += static_cast<char>(scale);
    put_half(d, out.bytes);
  }

  std::mt19937 random_;
};

inline StoredModel make_k_quant_model() {
  KQuantWriter blocks(20);
  const auto type_of = [](int64_t layer, std::string_view name) {
    if (layer < 0) return DType::q6_k;
    const DType common = layer == 1 ? DType::q5_k : DType::q4_k;
    const bool is_careful = layer != 2 && (name == "attn_v" || name == "ffn_down");
    return is_careful ? DType::q6_k : common;  // llama.cpp's "more bits" for some layers
  };
  return make_stored_model(3, type_of,
                           [&](DType type, DrawnWeights& weights) { blocks.add_block(type, weights); });
}

}  // namespace shoal
