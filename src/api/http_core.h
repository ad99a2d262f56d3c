// State that all connections of an HTTP server share. The answers that service still holds keep it alive, so
// that a late post() is harmless.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "api/connection_places.h"
#include "api/http_server.h"
#include "base/mutex.h"

namespace shoal {

class HttpConnection;

struct HttpCore {
  HttpCore(const HttpLimits& its_limits, HttpHandler& its_handler)
      : limits(its_limits),
        handler(its_handler),
        places({.connections = limits.connections,
                .connections_per_address = limits.connections_per_address,
                .refused = limits.refused_connections}) {}

  const HttpLimits limits;
  HttpHandler& handler;
  boost::asio::io_context context;
  std::atomic<int64_t> body_bytes = 0;  // of large bodies that are being received or held

  Mutex mutex;
  bool is_closed GUARDED_BY(mutex) = false;  // nothing may be posted from outside any more
  bool is_stopping GUARDED_BY(mutex) = false;
  ConnectionPlaces places GUARDED_BY(mutex);
  ConnectionPlaces::Id last_connection GUARDED_BY(mutex) = 0;
  std::unordered_map<ConnectionPlaces::Id, std::weak_ptr<HttpConnection>> connections GUARDED_BY(mutex);
};

}  // namespace shoal
