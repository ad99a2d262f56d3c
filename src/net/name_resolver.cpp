#include "net/name_resolver.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <utility>

#include "base/os.h"

namespace shoal {
namespace {

constexpr int64_t waiting_names_limit = 64;

Result<std::vector<std::string>> look_up(const std::string& name) {
  // These are this thread's; without res_init() its first look-up would set both back.
  ::res_init();
  _res.retrans = 1;  // seconds of each try
  _res.retry = 1;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    return fail(ErrorCode::unavailable, fmt::format("{} does not resolve: {}", name, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};  // the zone is part of it
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0)
      addresses.emplace_back(text.data());
  }
  if (addresses.empty()) return fail(ErrorCode::unavailable, fmt::format("{} does not resolve", name));
  return addresses;
}

}  // namespace

NameResolver::~NameResolver() {
  std::jthread thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    thread.swap(thread_);
  }
  changed_.notify_one();
}

bool NameResolver::resolve(std::string name, Found found) {
  {
    MutexLock lock(mutex_);
    if (std::ssize(questions_) >= waiting_names_limit) return false;
    questions_.push_back({.name = std::move(name), .found = std::move(found)});
    if (!thread_.joinable()) thread_ = std::jthread([this] { run(); });
  }
  changed_.notify_one();
  return true;
}

// Waits for the next question. False when the resolver ends.
bool NameResolver::take(Question& question) {
  MutexLock lock(mutex_);
  while (!stopping_ && questions_.empty()) changed_.wait(mutex_);
  if (stopping_) return false;
  question = std::move(questions_.front());
  questions_.pop_front();
  return true;
}

void NameResolver::run() {
  os::set_thread_name("names");
  for (Question question; take(question);) question.found(look_up(question.name));
}

}  // namespace shoal
