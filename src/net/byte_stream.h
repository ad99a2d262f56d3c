// A stream of bytes to one other node and back: the seam behind which a connection is plain TCP, and may be
// TLS later. It is chosen when a connection is dialled or accepted. Everything runs on the network's loop.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "base/error.h"

namespace shoal {

class ByteStream {
 public:
  using Opened = std::function<void(Result<void>)>;
  // How many bytes were moved, at least one. After an error the stream is over: unavailable when the other
  // side or the network ended it, cancelled after close().
  using Moved = std::function<void(Result<size_t>)>;

  // Call close() and wait for what is under way before the stream is destroyed.
  virtual ~ByteStream() = default;

  // Must be called first, and once. Connects, and may call `done` from within when that needs no waiting.
  virtual void open(Opened done) = 0;

  // The most pieces that one write moves: as many as Asio gives to the system at once.
  static constexpr size_t most_pieces = 64;

  // One read and one write may be under way at a time. The bytes must stay where they are until `done`, which
  // is never called from within. Either may move fewer bytes than it is given.
  virtual void read_some(std::span<std::byte> into, Moved done) = 0;
  virtual void write_some(std::span<const std::span<const std::byte>> pieces, Moved done) = 0;

  // Tells the other side that nothing more will be written.
  virtual void finish_writing() = 0;

  // Ends everything at once: operations that are under way are done with an error.
  virtual void close() = 0;

  // The address of the other side without its port; a dialled stream has it once it is open.
  virtual std::string peer_address() const = 0;
};

}  // namespace shoal
