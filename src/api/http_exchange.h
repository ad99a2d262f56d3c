// One request and its answer. It outlives the connection if service still holds it; what is written then is
// dropped.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/http_core.h"
#include "api/http_message.h"

namespace shoal {

class HttpExchange final : public ResponseWriter, public std::enable_shared_from_this<HttpExchange> {
 public:
  HttpExchange(std::shared_ptr<HttpCore> core, boost::asio::any_io_executor strand,
               std::weak_ptr<HttpConnection> connection)
      : core_(std::move(core)), strand_(std::move(strand)), connection_(std::move(connection)) {}

  bool post(Task task) override;
  void on_interrupted(std::function<void(Interruption)> callback) override {
    interrupted_ = std::move(callback);
  }
  void send(HttpResponse response) override;
  void begin_stream(HttpResponse head, std::string heartbeat) override;
  void write(std::string_view text) override;
  void end_stream() override;
  void note_progress() override;

  // The connection calls these on the strand.
  void interrupt(Interruption reason) {
    if (auto callback = std::exchange(interrupted_, nullptr)) callback(reason);
  }
  void detach() { interrupted_ = nullptr; }

 private:
  std::shared_ptr<HttpConnection> attached();

  const std::shared_ptr<HttpCore> core_;
  const boost::asio::any_io_executor strand_;  // the connection's
  const std::weak_ptr<HttpConnection> connection_;
  std::atomic<int64_t> waiting_tasks_ = 0;
  std::function<void(Interruption)> interrupted_;
};

}  // namespace shoal
