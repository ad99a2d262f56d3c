// Whether a name that a request calls this node by leads to this machine, by its addresses. They are looked
// up on a thread of its own and remembered for a while. Any thread may use it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace shoal {

class OwnNames {
 public:
  enum class Answer : uint8_t {
    own,
    foreign,
    unknown,  // too many names are being looked up, or this is being stopped
  };
  using Addresses = std::vector<std::string>;
  struct Sources {
    std::function<Addresses(const std::string& name)> look_up;  // may wait
    std::function<Addresses()> own_addresses;
  };
  struct Limits {
    int64_t waiting_names = 16;
    int64_t waiting_questions = 256;
    int64_t known_names = 256;
    Duration lifetime = std::chrono::seconds(30);
    Duration lifetime_of_nothing = std::chrono::seconds(5);  // a name that nobody knows
  };

  OwnNames(Sources sources, Limits limits);
  // The names and addresses of this machine.
  OwnNames();
  ~OwnNames();

  // `client` is who asks: a proxy that is called by the name hands requests on under it. `answer` is called
  // once, here or on the looking thread, unless this ends before.
  void ask(const std::string& name, const std::string& client, std::function<void(Answer)> answer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
