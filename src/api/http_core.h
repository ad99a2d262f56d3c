// What the connections of an HTTP server share. Kept alive by the answers that service still holds, so that a
// late post() is harmless.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <unordered_map>

#include "api/http_server.h"
#include "base/mutex.h"

namespace shoal {

class HttpConnection;

struct HttpCore {
  HttpCore(const HttpLimits& its_limits, HttpHandler& its_handler)
      : limits(its_limits), handler(its_handler) {}

  const HttpLimits limits;
  HttpHandler& handler;
  boost::asio::io_context context;

  Mutex mutex;
  bool is_closed GUARDED_BY(mutex) = false;  // no posts from outside any more
  bool is_stopping GUARDED_BY(mutex) = false;
  std::unordered_map<HttpConnection*, std::weak_ptr<HttpConnection>> connections GUARDED_BY(mutex);
};

}  // namespace shoal
