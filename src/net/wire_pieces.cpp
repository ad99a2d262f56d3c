#include "net/wire_pieces.h"

#include <google/protobuf/io/zero_copy_stream.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace shoal {
namespace {

class PieceStream final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  explicit PieceStream(std::span<const std::string_view> pieces) : pieces_(pieces) {}

  bool Next(const void** data, int* size) override {
    while (index_ < pieces_.size() && offset_ == pieces_[index_].size()) {
      ++index_;
      offset_ = 0;
    }
    if (index_ == pieces_.size()) return false;
    const size_t rest = std::min<size_t>(pieces_[index_].size() - offset_, std::numeric_limits<int>::max());
    *data = pieces_[index_].data() + offset_;
    *size = static_cast<int>(rest);
    offset_ += rest;
    read_ += static_cast<int64_t>(rest);
    return true;
  }

  void BackUp(int count) override {  // never more than the last Next gave
    offset_ -= static_cast<size_t>(count);
    read_ -= count;
  }

  bool Skip(int count) override {
    const void* data = nullptr;
    int size = 0;
    while (count > 0) {
      if (!Next(&data, &size)) return false;
      if (size > count) BackUp(size - count);
      count -= std::min(size, count);
    }
    return true;
  }

  int64_t ByteCount() const override { return read_; }

 private:
  std::span<const std::string_view> pieces_;
  size_t index_ = 0;
  size_t offset_ = 0;  // in pieces_[index_]
  int64_t read_ = 0;
};

}  // namespace

bool parse_pieces(std::span<const std::string_view> pieces, google::protobuf::MessageLite& message) {
  PieceStream stream(pieces);
  return message.ParseFromZeroCopyStream(&stream);
}

}  // namespace shoal
