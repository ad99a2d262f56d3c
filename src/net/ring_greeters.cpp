#include "net/ring_greeters.h"

#include <utility>

namespace shoal {

// Waits for the first word on one stream.
class RingGreeters::Greeter final : public CallHandler {
 public:
  Greeter(RingGreeters& owner, std::shared_ptr<ServerCall> call) : owner_(owner), call_(std::move(call)) {}

  // Both delete this.
  void on_frame(std::span<const std::string_view> pieces) override { owner_.match(call_, pieces); }
  void on_ended(Error) override { owner_.greeters_.erase(call_.get()); }

 private:
  RingGreeters& owner_;
  std::shared_ptr<ServerCall> call_;
};

RingGreeters::RingGreeters(CompletionLoop& loop, Duration deadline, FindConnection find_connection)
    : loop_(loop), deadline_(deadline), find_connection_(std::move(find_connection)) {}
RingGreeters::~RingGreeters() = default;

void RingGreeters::greet(const std::shared_ptr<ServerCall>& call) {
  auto greeter = std::make_unique<Greeter>(*this, call);
  call->set_handler(greeter.get());
  greeters_.emplace(call.get(), std::move(greeter));
  call->start_reading();
  loop_.post_after(deadline_, [this, weak = std::weak_ptr(call)] {
    const auto late = weak.lock();
    if (late != nullptr && greeters_.contains(late.get())) {
      late->cancel({ErrorCode::deadline_exceeded, "a ring stream without a hello"});
    }
  });
}

// `call` is a pointer of its own, because the greeter's goes with it.
void RingGreeters::match(std::shared_ptr<ServerCall> call, std::span<const std::string_view> pieces) {
  call->set_handler(nullptr);
  greeters_.erase(call.get());
  const auto frame = decode_ring(pieces);
  const auto* hello = frame ? std::get_if<RingHello>(&*frame) : nullptr;
  const auto connection = hello == nullptr ? nullptr : find_connection_(*hello);
  if (connection == nullptr) {
    call->refuse({ErrorCode::permission_denied, "a ring stream that belongs to no connection"});
    return;
  }
  connection->set_ring(call);
}

}  // namespace shoal
