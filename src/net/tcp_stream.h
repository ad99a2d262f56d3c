// A ByteStream that is plain TCP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/byte_stream.h"
#include "net/network_loop.h"

namespace shoal {

// The first of these numeric addresses that answers.
std::unique_ptr<ByteStream> dial_tcp(NetworkLoop& loop, const std::vector<std::string>& addresses,
                                     int32_t port);

// Owns this socket, which is connected; null when it no longer is.
std::unique_ptr<ByteStream> adopt_tcp(NetworkLoop& loop, int socket);

}  // namespace shoal
