// What the HTTP side asks of the node. Implemented in node over Service, and by a fake in tests.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/cluster_view.h"
#include "service/response_sink.h"
#include "service/service_request.h"

namespace shoal {

// Called on the API's threads; no function may wait. All functions mean what Service says of its own.
class ApiBackend {
 public:
  virtual ~ApiBackend() = default;

  // The sink is called in order, one call at a time, on any thread, but never from within cancel().
  virtual void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink) = 0;
  virtual void cancel(const RequestId& request) = 0;
  virtual void unload(const std::string& model, std::function<void(Result<void>)> done) = 0;

  virtual ClusterView cluster() const = 0;
  virtual std::vector<ModelView> models() const = 0;
  virtual ServiceStatus status() const = 0;

  // POST /quit: the process is to end. Only notes the wish; somebody else calls ApiServer::stop().
  virtual void quit() = 0;
};

}  // namespace shoal
