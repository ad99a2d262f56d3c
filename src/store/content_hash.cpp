#include "store/content_hash.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/os.h"

namespace shoal {

struct ContentHash::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {
  // OpenSSL fails here only for want of memory.
  const bool has_begun =
      state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1;
  if (!has_begun) os::end_for_want_of_memory();
}
ContentHash::~ContentHash() = default;

void ContentHash::add(std::span<const std::byte> bytes) {
  CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

void ContentHash::add(uint64_t number) { add(std::as_bytes(std::span(&number, 1))); }

uint64_t ContentHash::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1);
  uint64_t value = 0;
  std::memcpy(&value, digest.data(), sizeof(value));
  return value == 0 ? 1 : value;
}

}  // namespace shoal
