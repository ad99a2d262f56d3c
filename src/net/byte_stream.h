// Bytes to one other node and back, in order: the seam behind which a connection is plain TCP, and TLS later.
// Chosen once, when a connection is dialled or accepted. All on the network's loop.
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
  using Moved = std::function<void(Result<size_t>)>;  // bytes, at least one; unavailable: it is over

  // Nothing may be under way any more: close() first, and wait for what was asked for.
  virtual ~ByteStream() = default;

  // Before all else, once: connects, and shakes hands where there is something to shake.
  virtual void open(Opened done) = 0;

  // One of each at a time. What they point to stays until `done`, which is never called from within.
  virtual void read_some(std::span<std::byte> into, Moved done) = 0;
  virtual void write_some(std::span<const std::span<const std::byte>> pieces, Moved done) = 0;

  // Tells the other side that nothing more will be written.
  virtual void finish_writing() = 0;

  // Ends everything at once: what is under way is done, with an error.
  virtual void close() = 0;

  // Of the other side, without the port; of a dialled one once it is open.
  virtual std::string peer_address() const = 0;
};

}  // namespace shoal
