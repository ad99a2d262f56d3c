// A ByteStream that is plain TCP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/byte_stream.h"
#include "net/network_loop.h"

namespace shoal {

// Connects, when it is opened, to the first of these addresses that answers. At least one must be numeric.
std::unique_ptr<ByteStream> dial_tcp(NetworkLoop& loop, const std::vector<std::string>& addresses,
                                     int32_t port);

// Owns this connected socket; null when it is no longer connected, and then it is closed.
std::unique_ptr<ByteStream> adopt_tcp(NetworkLoop& loop, int socket);

}  // namespace shoal
