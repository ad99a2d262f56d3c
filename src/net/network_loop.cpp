#include "net/network_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <utility>

#include "base/os.h"

namespace shoal {

namespace asio = boost::asio;

struct NetworkLoop::State {
  asio::io_context context{1};  // one thread runs it
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::jthread thread;
};

NetworkLoop::NetworkLoop() : state_(std::make_unique<State>()) {}
NetworkLoop::~NetworkLoop() { close(); }

asio::io_context& NetworkLoop::context() { return state_->context; }

void NetworkLoop::start() {
  state_->thread = std::jthread([state = state_.get()] {
    os::set_thread_name("net");
    state->context.run();
  });
}

void NetworkLoop::post(std::function<void()> task) { asio::post(state_->context, std::move(task)); }

void NetworkLoop::post_after(Duration delay, std::function<void()> task) {
  auto timer = std::make_unique<asio::steady_timer>(state_->context, delay);
  asio::steady_timer& waiting = *timer;
  waiting.async_wait(
      [timer = std::move(timer), task = std::move(task)](const boost::system::error_code& error) {
        if (!error) task();
      });
}

void NetworkLoop::close() {
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace shoal
