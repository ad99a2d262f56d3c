// Streams that others have opened and that have not yet said whose they are. Their number and their time are
// limited. Everything runs on the network's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/frame_stream.h"
#include "net/network_loop.h"

namespace shoal {

class Strangers {
 public:
  struct Limits {
    int64_t count;      // beyond it, the oldest stream of the address that has most is ended
    Duration deadline;  // for the first frame
  };
  // Gets each stream with its first frame, and gives the stream its next handler.
  using Introduce = std::function<void(const std::shared_ptr<FrameStream>&, Frame)>;

  Strangers(NetworkLoop& loop, Limits limits, Introduce introduce);
  ~Strangers();

  void greet(const std::shared_ptr<FrameStream>& stream);
  void end_all(const Error& reason);

 private:
  class Stranger;
  using Number = uint64_t;  // in the order of arrival
  void introduce(Number number, Frame frame);
  Number choose_leaver() const;
  void watch_deadlines();

  NetworkLoop& loop_;
  const Limits limits_;
  const Introduce introduce_;
  std::map<Number, std::unique_ptr<Stranger>> strangers_;
  Number last_number_ = 0;
  bool is_watching_ = false;  // a timer is set for the first one's deadline
};

}  // namespace shoal
