// Finds out whether a name by which a request calls this node leads to this machine, by the name's addresses.
// They are looked up on a thread of its own and remembered for a while. Any thread may use it.
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
    unknown,  // too many names are being looked up, or this object is being destroyed
  };
  using Addresses = std::vector<std::string>;
  struct Sources {
    std::function<Addresses(const std::string& name)> look_up;  // may wait for seconds
    std::function<Addresses()> own_addresses;
  };
  struct Limits {
    int64_t waiting_names = 16;
    int64_t waiting_questions = 256;
    int64_t known_names = 256;
    Duration lifetime = std::chrono::seconds(30);
    Duration lifetime_of_nothing = std::chrono::seconds(5);  // of a name that nobody knows
  };

  OwnNames(Sources sources, Limits limits);
  // Uses the names and addresses of this machine, and the default limits.
  OwnNames();
  ~OwnNames();

  // `client` is the address of who asks: a proxy that is called by the name passes requests on under it.
  // `answer` is called once, at once or on the looking thread, unless this object is destroyed before.
  void ask(const std::string& name, const std::string& client, std::function<void(Answer)> answer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
