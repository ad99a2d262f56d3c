// Ring streams from outside that have not yet said whose they are. All on the completion loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "net/call.h"
#include "net/connection.h"
#include "net/wire.h"

namespace shoal {

class RingGreeters {
 public:
  // The connection that a ring stream with this hello belongs to, null when there is none.
  using FindConnection = std::function<std::shared_ptr<Connection>(const RingHello&)>;

  // `deadline`: for the hello.
  RingGreeters(CompletionLoop& loop, Duration deadline, FindConnection find_connection);
  ~RingGreeters();

  // Gives the stream to its connection when it has said its hello, or refuses it.
  void greet(const std::shared_ptr<ServerCall>& call);

 private:
  class Greeter;
  void match(std::shared_ptr<ServerCall> call, std::span<const std::string_view> pieces);

  CompletionLoop& loop_;
  const Duration deadline_;
  const FindConnection find_connection_;
  std::map<Call*, std::unique_ptr<Greeter>> greeters_;
};

}  // namespace shoal
