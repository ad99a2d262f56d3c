// The HTTP side's view of this node's service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/backend.h"
#include "service/service.h"

namespace shoal {

class ServiceBackend final : public ApiBackend {
 public:
  // Both outlive this.
  ServiceBackend(Service& service, std::function<void()> on_quit)
      : service_(service), on_quit_(std::move(on_quit)) {}

  void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink) override {
    service_.submit(std::move(request), std::move(sink));
  }
  void cancel(const RequestId& request) override { service_.cancel(request); }
  void unload(const std::string& model, std::function<void(Result<void>)> done) override {
    service_.unload(model, std::move(done));
  }
  ClusterView cluster() const override { return service_.cluster(); }
  std::vector<ModelView> models() const override { return service_.models(); }
  ServiceStatus status() const override { return service_.status(); }
  void quit() override { on_quit_(); }

 private:
  Service& service_;
  const std::function<void()> on_quit_;
};

}  // namespace shoal
