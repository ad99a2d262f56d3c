// Streams from outside that have not yet said whose they are: so many at once, each for a while only. All on
// the network's loop.
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
    int64_t count;      // one more takes the place of the longest there from where most are
    Duration deadline;  // for the first frame
  };
  // Gets each stream with its first frame, and says from then on who hears of it.
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
