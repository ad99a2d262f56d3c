// Gives the HTTP side this node's service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/backend.h"
#include "net/peer_network.h"
#include "service/service.h"

namespace shoal {

class ServiceBackend final : public ApiBackend {
 public:
  // Service and network must outlive this object.
  ServiceBackend(Service& service, const PeerNetwork& network, std::function<void()> on_quit)
      : service_(service), network_(network), on_quit_(std::move(on_quit)) {}

  void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink) override {
    service_.submit(std::move(request), std::move(sink));
  }
  void cancel(const RequestId& request) override { service_.cancel(request); }
  void unload(const std::string& model, std::function<void(Result<void>)> done) override {
    service_.unload(model, std::move(done));
  }
  ClusterView cluster() const override {
    ClusterView view = service_.cluster();
    view.missing = network_.missing_peers();
    return view;
  }
  std::vector<ModelView> models() const override { return service_.models(); }
  ServiceStatus status() const override { return service_.status(); }
  void quit() override { on_quit_(); }

 private:
  Service& service_;
  const PeerNetwork& network_;
  const std::function<void()> on_quit_;
};

}  // namespace shoal
