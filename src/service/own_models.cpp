#include "service/own_models.h"

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
  };
  const bool posted = files_loop_->post([loop = loop_, &engines = engines_, finish] {
    loop.post([finish, names = engines.models()]() mutable { finish(std::move(names)); });
  });
  if (!posted) loop_.post([finish, names = names_]() mutable { finish(std::move(names)); });
}

}  // namespace shoal
