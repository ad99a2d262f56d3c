#include "node/content_reader.h"

#include <algorithm>

#include "base/log.h"
#include "base/os.h"

namespace shoal {

ContentReader::~ContentReader() {
  std::jthread thread;
  {
    const MutexLock lock(mutex_);
    thread = std::move(thread_);
  }
}

void ContentReader::ask(const ModelOnDisk& model) {
  {
    const MutexLock lock(mutex_);
    if (std::ranges::find(waiting_, model.path, &ModelOnDisk::path) != waiting_.end()) return;
    waiting_.push_back(model);
    has_work_ = true;
    if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { read(stop); });
  }
  changed_.notify_all();
}

void ContentReader::read(const std::stop_token& stop) {
  os::set_thread_name("shoal-reader");
  os::run_only_when_idle();
  while (!stop.stop_requested()) {
    ModelOnDisk model;
    {
      MutexLock lock(mutex_);
      changed_.wait(mutex_, stop, [this] { return has_work_.load(); });
      if (stop.stop_requested()) return;
      model = std::move(waiting_.front());
      waiting_.pop_front();
      has_work_ = !waiting_.empty();
    }
    if (auto done = store_.read_whole(model, stop); !done) log_debug(1, "{}", done.error().message);
    store_.keep_facts();
  }
}

}  // namespace shoal
