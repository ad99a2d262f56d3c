#include "service/disk_models.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace shoal {
namespace {
constexpr Duration reading_interval = std::chrono::seconds(10);
}

void DiskModels::refresh(Task done) {
  if (done) waiting_.push_back(std::move(done));
  if (!is_reading_) begin();
}

void DiskModels::tick() {
  if (!is_reading_ && loop_.now() - last_read_ >= reading_interval) begin();
}

void DiskModels::begin() {
  is_reading_ = true;
  last_read_ = loop_.now();
  auto finish = [this, served = std::exchange(waiting_, {})](std::vector<ModelReport> models) {
    is_reading_ = false;
    take(std::move(models));
    for (const Task& done : served) done();
    if (!waiting_.empty()) begin();
    std::erase_if(context_lengths_, [this](const auto& known) {
      return std::ranges::find(models_, known.first, &ModelReport::name) == models_.end();
    });
    look_into_next();
  };
  const bool posted = files_loop_->post([loop = loop_, &engines = engines_, finish] {
    loop.post([finish, models = engines.models()]() mutable { finish(std::move(models)); });
  });
  if (!posted) loop_.post([finish, models = models_]() mutable { finish(std::move(models)); });
}

void DiskModels::take(std::vector<ModelReport> models) {
  for (const ModelReport& model : models) {
    const auto before = std::ranges::find(models_, model.name, &ModelReport::name);
    const bool is_known = before != models_.end() && before->problem == model.problem;
    if (!model.problem.empty() && !is_known) {
      log_warning("model {} cannot be used: {}", model.name, model.problem);
    }
    if (before == models_.end() || before->fingerprint != model.fingerprint)
      context_lengths_.erase(model.name);
  }
  if (models == models_) return;
  models_ = std::move(models);
  events_.on_report_changed();
}

// Looks into one model at a time, so that other tasks of the files loop come in between.
void DiskModels::look_into_next() {
  const auto next = std::ranges::find_if(
      models_, [this](const ModelReport& model) { return !context_lengths_.contains(model.name); });
  if (is_looking_ || next == models_.end()) return;
  is_looking_ = true;
  auto finish = [this, name = next->name](int64_t context_length) {
    is_looking_ = false;
    context_lengths_[name] = context_length;
    look_into_next();
  };
  const bool posted = files_loop_->post([loop = loop_, &engines = engines_, name = next->name, finish] {
    const Result<ModelDemand> demand = engines.describe(name);
    loop.post([finish, length = demand ? demand->context_length : 0] { finish(length); });
  });
  if (!posted) is_looking_ = false;
}

}  // namespace shoal
