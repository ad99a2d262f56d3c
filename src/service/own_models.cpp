#include "service/own_models.h"

#include <algorithm>
#include <utility>

namespace shoal {
namespace {
constexpr Duration reading_interval = std::chrono::seconds(10);
}

void OwnModels::refresh(Task done) {
  if (done) waiting_.push_back(std::move(done));
  if (!is_reading_) begin();
}

void OwnModels::tick() {
  if (!is_reading_ && loop_.now() - last_read_ >= reading_interval) begin();
}

void OwnModels::begin() {
  is_reading_ = true;
  last_read_ = loop_.now();
  auto finish = [this, served = std::exchange(waiting_, {})](std::vector<std::string> names) {
    is_reading_ = false;
    const bool changed = names != names_;
    names_ = std::move(names);
    if (changed) on_changed_();
    for (const Task& done : served) done();
    if (!waiting_.empty()) begin();
    std::erase_if(context_lengths_, [this](const auto& known) {
      return std::ranges::find(names_, known.first) == names_.end();
    });
    look_into_next();
  };
  const bool posted = files_loop_->post([loop = loop_, &engines = engines_, finish] {
    loop.post([finish, names = engines.models()]() mutable { finish(std::move(names)); });
  });
  if (!posted) loop_.post([finish, names = names_]() mutable { finish(std::move(names)); });
}

// One after another, so that others get at the files in between.
void OwnModels::look_into_next() {
  const auto next = std::ranges::find_if(
      names_, [this](const std::string& name) { return !context_lengths_.contains(name); });
  if (is_looking_ || next == names_.end()) return;
  is_looking_ = true;
  auto finish = [this, name = *next](int64_t context_length) {
    is_looking_ = false;
    context_lengths_[name] = context_length;
    look_into_next();
  };
  const bool posted = files_loop_->post([loop = loop_, &engines = engines_, name = *next, finish] {
    const Result<ModelDemand> demand = engines.describe(name);
    loop.post([finish, length = demand ? demand->context_length : 0] { finish(length); });
  });
  if (!posted) is_looking_ = false;
}

}  // namespace shoal
