#include "api/http_exchange.h"

#include <boost/asio/post.hpp>

#include "api/http_connection.h"

namespace shoal {

bool HttpExchange::post(Task task) {
  const MutexLock lock(core_->mutex);
  if (core_->is_closed) return false;
  auto self = shared_from_this();
  const int64_t waiting = waiting_tasks_.fetch_add(1);
  if (waiting > core_->limits.waiting_tasks) return false;
  if (waiting == core_->limits.waiting_tasks) {
    task = [self] {
      if (const auto connection = self->attached()) connection->lose_client();
    };
  }
  boost::asio::post(strand_, [self = std::move(self), task = std::move(task)] {
    self->waiting_tasks_.fetch_sub(1);
    task();
  });
  return waiting < core_->limits.waiting_tasks;
}

std::shared_ptr<HttpConnection> HttpExchange::attached() {
  auto connection = connection_.lock();
  if (connection && !connection->serves(this)) connection.reset();
  return connection;
}

void HttpExchange::send(HttpResponse response) {
  if (const auto connection = attached()) connection->send(std::move(response));
}
void HttpExchange::begin_stream(HttpResponse head, std::string heartbeat) {
  if (const auto connection = attached()) connection->begin_stream(std::move(head), std::move(heartbeat));
}
void HttpExchange::write(std::string_view text) {
  if (const auto connection = attached()) connection->write(text);
}
void HttpExchange::end_stream() {
  if (const auto connection = attached()) connection->end_stream();
}
void HttpExchange::note_progress() {
  if (const auto connection = attached()) connection->note_progress();
}

}  // namespace shoal
