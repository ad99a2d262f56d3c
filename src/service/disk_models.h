// The models on this node's disk and their context lengths, read again every few seconds on another thread.
// Used on the service's loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/engine_source.h"
#include "service/report_events.h"
#include "service/service_loop.h"

namespace shoal {

class DiskModels {
 public:
  DiskModels(ServiceLoop loop, std::shared_ptr<Loop> files_loop, EngineSource& engines, ReportEvents& events)
      : loop_(std::move(loop)), files_loop_(std::move(files_loop)), engines_(engines), events_(events) {}

  const std::vector<ModelReport>& all() const { return models_; }
  // By name, for the models whose files have been read; 0 when a model's files are not understood.
  const std::map<std::string, int64_t>& context_lengths() const { return context_lengths_; }

  // Reads the disk, then calls `done` if it is not empty. One reading serves all who ask before it begins.
  void refresh(Task done);
  // Reads the disk again if the last reading is older than ten seconds.
  void tick();

 private:
  void begin();
  void look_into_next();
  void take(std::vector<ModelReport> models);

  ServiceLoop loop_;
  std::shared_ptr<Loop> files_loop_;
  EngineSource& engines_;
  ReportEvents& events_;
  std::vector<ModelReport> models_;
  std::vector<Task> waiting_;  // to be called after the next reading
  std::map<std::string, int64_t> context_lengths_;
  bool is_reading_ = false;
  bool is_looking_ = false;
  TimePoint last_read_{};
};

}  // namespace shoal
