// SHA-256 of file contents, cut to 64 bits: a given pair of files collides by chance once in 10¹⁹ cases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace shoal {

class ContentHash {
 public:
  ContentHash();
  ~ContentHash();

  void add(std::span<const std::byte> bytes);
  void add(uint64_t number);
  // May be called once. Never 0.
  uint64_t finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
