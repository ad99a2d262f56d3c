// A small Llama for tests whose matrices are K-quants, mixed as llama.cpp's Q4_K_M and Q5_K_M mix them, and
// the same Llama in float32. The fields of blocks are drawn and then packed as ggml's ggml-common.h lays them
// out, so each weight's value follows from the fields, not from a reader of ours.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "files/gguf_writer_for_test.h"
#include "tensor/dtype.h"

namespace shoal {

inline constexpr int64_t k_quant_block = 256;

// Blocks as a file has them, and the values of their elements.
struct DrawnWeights {
  std::string bytes;
  std::vector<float> values;
};

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

// The two models as the bytes of GGUF files.
struct KQuantModel {
  std::string as_k_quants;
  std::string as_float;
};

inline uint32_t gguf_type_number(DType type) {
  return type == DType::q4_k ? 12 : type == DType::q5_k ? 13 : type == DType::q6_k ? 14 : 0;
}

inline KQuantModel make_k_quant_model() {
  constexpr int64_t hidden = 256, feed_forward = 512, key_value = 128, vocabulary = 256, layers = 3;
  struct Tensor {
    std::string name;
    DType type;
    int64_t rows, columns;  // a vector has one row
  };
  std::vector<Tensor> tensors{{"token_embd.weight", DType::q6_k, vocabulary, hidden},
                              {"output_norm.weight", DType::f32, 1, hidden},
                              {"output.weight", DType::q6_k, vocabulary, hidden}};
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string prefix = fmt::format("blk.{}.", layer);
    const auto add = [&](std::string_view name, DType type, int64_t rows, int64_t columns) {
      tensors.push_back({fmt::format("{}{}.weight", prefix, name), type, rows, columns});
    };
    const DType common = layer == 1 ? DType::q5_k : DType::q4_k;
    const DType careful = layer == 2 ? common : DType::q6_k;  // llama.cpp's "more bits" for some layers
    add("attn_norm", DType::f32, 1, hidden);
    add("ffn_norm", DType::f32, 1, hidden);
    add("attn_q", common, hidden, hidden);
    add("attn_k", common, key_value, hidden);
    add("attn_v", careful, key_value, hidden);
    add("attn_output", common, hidden, hidden);
    add("ffn_gate", common, feed_forward, hidden);
    add("ffn_up", common, feed_forward, hidden);
    add("ffn_down", careful, hidden, feed_forward);
  }

  KQuantWriter blocks(20);
  std::mt19937 random(21);
  GgufWriter quantized, plain;
  for (GgufWriter* writer : {&quantized, &plain}) {
    writer->header(tensors.size(), 9).key("general.architecture", "llama");
    writer->key("llama.block_count", uint32_t{layers}).key("llama.embedding_length", uint32_t{hidden});
    writer->key("llama.feed_forward_length", uint32_t{feed_forward});
    writer->key("llama.attention.head_count", 4u).key("llama.attention.head_count_kv", 2u);
    writer->key("llama.context_length", 1024u).key("llama.rope.freq_base", 10000.0f);
    writer->key("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  }
  std::string quantized_data, plain_data;
  for (const Tensor& tensor : tensors) {
    DrawnWeights weights;
    const bool is_plain = tensor.type == DType::f32;
    if (is_plain) {
      for (int64_t i = 0; i < tensor.columns; ++i)
        weights.values.push_back(0.75F + static_cast<float>(random() % 512) / 1024.0F);
    } else {
      for (int64_t i = 0; i < tensor.rows * tensor.columns / k_quant_block; ++i)
        blocks.add_block(tensor.type, weights);
    }
    const std::string values(reinterpret_cast<const char*>(weights.values.data()),
                             weights.values.size() * sizeof(float));
    std::vector<uint64_t> dimensions{static_cast<uint64_t>(tensor.columns)};
    if (!is_plain) dimensions.push_back(static_cast<uint64_t>(tensor.rows));
    const auto place = [&](GgufWriter& writer, std::string& data, DType type, const std::string& bytes) {
      writer.tensor(tensor.name, dimensions, gguf_type_number(type), data.size());
      data += bytes;
      data.resize((data.size() + 31) / 32 * 32);
    };
    place(quantized, quantized_data, tensor.type, is_plain ? values : weights.bytes);
    place(plain, plain_data, DType::f32, values);
  }
  return {.as_k_quants = quantized.align().append(quantized_data).written(),
          .as_float = plain.align().append(plain_data).written()};
}

}  // namespace shoal
