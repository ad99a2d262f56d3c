#include "net/strangers.h"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>

namespace shoal {

// Waits for the first frame of one stream.
class Strangers::Stranger final : public FrameHandler {
 public:
  Stranger(Strangers& owner, Number number, std::shared_ptr<FrameStream> stream)
      : owner_(owner), number_(number), stream_(std::move(stream)) {}

  const std::shared_ptr<FrameStream>& stream() const { return stream_; }

  // Both calls delete this object.
  void on_frame(Frame frame) override { owner_.introduce(number_, std::move(frame)); }
  void on_ended(Error) override { owner_.strangers_.erase(number_); }

 private:
  Strangers& owner_;
  const Number number_;
  const std::shared_ptr<FrameStream> stream_;
};

Strangers::Strangers(NetworkLoop& loop, Limits limits, Introduce introduce)
    : loop_(loop), limits_(limits), introduce_(std::move(introduce)) {}
Strangers::~Strangers() = default;

void Strangers::greet(const std::shared_ptr<FrameStream>& stream) {
  const Number number = ++last_number_;
  auto stranger = std::make_unique<Stranger>(*this, number, stream);
  stream->set_handler(stranger.get());
  strangers_.emplace(number, std::move(stranger));
  if (std::ssize(strangers_) > limits_.count) {
    const auto leaver = strangers_.at(choose_leaver())->stream();
    leaver->cancel({ErrorCode::resource_exhausted, "too many connections have not said whose they are"});
  }
  watch_deadlines();
}

Strangers::Number Strangers::choose_leaver() const {
  std::map<std::string_view, int64_t> counts;
  for (const auto& [number, stranger] : strangers_) ++counts[stranger->stream()->peer_address()];
  const int64_t most = std::ranges::max(counts | std::views::values);
  const auto first = std::ranges::find_if(
      strangers_, [&](const auto& each) { return counts.at(each.second->stream()->peer_address()) == most; });
  return first->first;
}

void Strangers::introduce(Number number, Frame frame) {
  const auto stream = strangers_.at(number)->stream();
  stream->set_handler(nullptr);
  strangers_.erase(number);
  introduce_(stream, std::move(frame));
}

// One timer is enough, because the first stream to come is the first whose time is over.
void Strangers::watch_deadlines() {
  if (is_watching_ || strangers_.empty()) return;
  is_watching_ = true;
  const TimePoint due = strangers_.begin()->second->stream()->begun_at() + limits_.deadline;
  loop_.post_after(due - std::chrono::steady_clock::now(), [this] {
    is_watching_ = false;
    const TimePoint latest = std::chrono::steady_clock::now() - limits_.deadline;
    while (!strangers_.empty() && strangers_.begin()->second->stream()->begun_at() <= latest) {
      const auto late = strangers_.begin()->second->stream();
      late->cancel({ErrorCode::deadline_exceeded, "a connection without a hello"});
    }
    watch_deadlines();
  });
}

void Strangers::end_all(const Error& reason) {
  while (!strangers_.empty()) {
    const auto stream = strangers_.begin()->second->stream();
    stream->cancel(reason);
  }
}

}  // namespace shoal
