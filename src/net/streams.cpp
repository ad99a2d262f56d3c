#include "net/streams.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/tcp_stream.h"

namespace shoal {
namespace {

constexpr int64_t arriving_limit = 512;
// A node that is refused has so long to read why. Of more than the limit at once, the first is closed.
constexpr Duration refusal_deadline = std::chrono::seconds(1);
constexpr int64_t refused_limit = 64;

// The private ones of the addresses to which a name resolves; permission_denied when all are public.
Result<std::vector<std::string>> keep_private(const std::string& name,
                                              const std::vector<std::string>& addresses) {
  std::vector<std::string> kept;
  std::ranges::copy_if(addresses, std::back_inserter(kept),
                       [](const std::string& address) { return is_private(classify_address(address)); });
  if (!kept.empty()) return kept;
  return fail(
      ErrorCode::permission_denied,
      fmt::format("the address of {}, {}, is public, and without a secret only private networks are used",
                  name, addresses.front()));
}

}  // namespace

Streams::Streams(Settings settings) : settings_(settings), loop_(std::make_shared<NetworkLoop>()) {}
Streams::~Streams() { loop_->close(); }

void Streams::start(std::function<void(const std::shared_ptr<FrameStream>&)> on_stream) {
  on_stream_ = std::move(on_stream);
  loop_->start();
}

void Streams::take_socket(int socket) {
  if (arriving_.fetch_add(1) >= arriving_limit) {
    --arriving_;
    ::close(socket);
    return;
  }
  loop_->post([this, socket] {
    --arriving_;
    take_stream(socket);
  });
}

void Streams::take_stream(int socket) {
  auto bytes = adopt_tcp(*loop_, socket);
  if (bytes == nullptr || stopping_) return;
  const auto stream = create();
  stream->start(std::move(bytes));
  on_stream_(stream);
}

std::shared_ptr<FrameStream> Streams::create() {
  auto stream = std::make_shared<FrameStream>(loop_, *this, settings_.first_frame_limit);
  streams_.emplace(stream.get(), stream);
  return stream;
}

void Streams::dial(const std::shared_ptr<FrameStream>& stream, const std::string& address, int32_t port) {
  const std::weak_ptr weak(stream);
  loop_->post_after(settings_.connect_deadline, [weak, place = host_and_port(address, port)] {
    const auto late = weak.lock();
    if (late != nullptr && !late->is_open())
      late->cancel({ErrorCode::deadline_exceeded, fmt::format("no answer from {}", place)});
  });
  if (classify_address(address) != AddressKind::not_numeric) return connect(*stream, {{address}}, port);
  const bool is_asked = resolver_.resolve(address, [this, weak, address, port](auto found) {
    loop_->post([this, weak, address, port, found = std::move(found)] {
      const auto waiting = weak.lock();
      if (waiting != nullptr) connect(*waiting, found ? keep_private(address, *found) : found, port);
    });
  });
  if (!is_asked) stream->cancel({ErrorCode::resource_exhausted, "too many host names wait to be looked up"});
}

void Streams::connect(FrameStream& stream, const Result<std::vector<std::string>>& addresses, int32_t port) {
  if (addresses) {
    stream.start(dial_tcp(*loop_, *addresses, port));
  } else {
    stream.cancel(addresses.error());
  }
}

void Streams::begin_stop() {
  stopping_ = true;
  check_drained();
}

void Streams::cancel_all(const Error& reason) {
  for (const auto& [key, stream] : std::map(streams_)) stream->cancel(reason);
}

void Streams::on_refused(FrameStream& stream) {
  const std::weak_ptr weak = stream.weak_from_this();
  auto give_up = [](const std::weak_ptr<FrameStream>& refused) {
    if (const auto left = refused.lock()) left->cancel({ErrorCode::cancelled, "it was refused"});
  };
  std::erase_if(refused_, [](const std::weak_ptr<FrameStream>& refused) { return refused.expired(); });
  refused_.push_back(weak);
  if (std::ssize(refused_) > refused_limit) {
    const auto first = std::move(refused_.front());
    refused_.pop_front();
    give_up(first);
  }
  loop_->post_after(refusal_deadline, [weak, give_up] { give_up(weak); });
}

void Streams::on_over(FrameStream& stream) {
  streams_.erase(&stream);
  check_drained();
}

void Streams::check_drained() {
  if (stopping_ && streams_.empty() && !std::exchange(is_drained_, true)) drained_.set_value();
}

void Streams::finish() {
  drained_.get_future().wait();
  loop_->close();
}

}  // namespace shoal
