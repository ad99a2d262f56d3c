// The counters of GET /metrics, in Prometheus' text format, and the speed of the last seconds. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "service/cluster_view.h"

namespace shoal {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void count_response(std::string_view route, int32_t status);
  void count_prompt_tokens(int64_t count);
  void count_token();
  void observe_first_token(TimePoint request_start);
  void observe_answer(TimePoint request_start);

  // Tokens per second that this node's clients got, averaged over the last ten seconds.
  double tokens_per_second() const;

  std::string format(const ClusterView& cluster, const ServiceStatus& status, int64_t connections) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
