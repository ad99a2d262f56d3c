// The parts of os.h that a process needs at its start and end: standard streams, signals, limits.
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>

#include "base/os.h"
#include "base/terminal.h"

namespace shoal::os {
namespace {

// Opens /dev/null in place of a standard stream that the caller closed. Otherwise the first file opened would
// take its number, and output would go to a peer, or input would come from a file. Libraries open files while
// they are loaded, so this runs before them, and with bare system calls, as nothing is initialised yet.
void open_standard_streams(int, char**, char**) {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::syscall(SYS_fcntl, stream, F_GETFD) >= 0) continue;
    ::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);  // takes the lowest number that is free: this one
  }
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const at_load)(int, char**,
                                                                    char**) = open_standard_streams;

// Opens the same pipe or terminal anew, so that the flag of others who share the old one stays as it is.
void make_stream_wait(int stream) {
  const int flags = ::fcntl(stream, F_GETFL);
  if (flags < 0 || (flags & O_NONBLOCK) == 0) return;
  const std::string path = fmt::format("/proc/self/fd/{}", stream);
  const int own = ::open(path.c_str(), (flags & O_ACCMODE) | O_APPEND | O_NOCTTY | O_CLOEXEC);
  if (own < 0) {
    ::fcntl(stream, F_SETFL, flags & ~O_NONBLOCK);
    return;
  }
  ::dup2(own, stream);
  ::close(own);
}

// The home folder in a user's entry of the password file; empty when there is none that exists.
std::filesystem::path home_of(const passwd* user) {
  std::error_code unknown;
  const bool is_there = user != nullptr && user->pw_dir != nullptr && user->pw_dir[0] == '/' &&
                        std::filesystem::is_directory(user->pw_dir, unknown);
  return is_there ? std::filesystem::path(user->pw_dir) : std::filesystem::path();
}

void end_by_signal(int signal) {
  ::raise(signal);  // the handler is reset, so this ends any process but the first of a container
  ::_exit(128 + signal);
}

void say(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

constexpr int watched_signals[] = {SIGINT, SIGTERM};

}  // namespace

std::filesystem::path home_folder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  if (auto home = home_of(::getpwuid(::getuid())); !home.empty()) return home;
  auto own = user_folder();
  return own ? *std::move(own) : std::filesystem::path("/");
}

std::filesystem::path expand_home(std::string_view path) {
  if (!path.starts_with('~')) return path;
  const std::string user(path.substr(1, path.find('/') == path.npos ? path.npos : path.find('/') - 1));
  const std::filesystem::path home = user.empty() ? home_folder() : home_of(::getpwnam(user.c_str()));
  if (home.empty()) return path;
  const std::string_view below = path.substr(1 + user.size());
  return below.size() <= 1 ? home : home / below.substr(1);
}

void make_standard_streams_wait() {
  make_stream_wait(STDOUT_FILENO);
  make_stream_wait(STDERR_FILENO);
}

Result<void> raise_open_file_limit(int64_t least) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const rlim_t given = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = given;
  if (limit.rlim_cur >= static_cast<rlim_t>(least)) return {};
  return fail(
      ErrorCode::resource_exhausted,
      fmt::format("this process may open {} files (ulimit -n), a node needs {}", limit.rlim_cur, least));
}

Error no_more_threads(const std::system_error& error) {
  return {
      ErrorCode::resource_exhausted,
      fmt::format("this process may start no more threads ({}): see ulimit -u, ulimit -v and pids.max of its "
                  "control group",
                  error.code().message())};
}

Result<void> check_thread_room(int64_t count) {
  std::atomic<bool> may_end = false;
  std::vector<std::jthread> threads;
  std::optional<Error> problem;
  try {
    for (int64_t i = 0; i < count; ++i) threads.emplace_back([&may_end] { may_end.wait(false); });
  } catch (const std::system_error& error) {
    problem = no_more_threads(error);
  }
  may_end = true;
  may_end.notify_all();
  if (!problem) return {};
  return fail(*problem,
              fmt::format("{} of the {} threads that a node needs could be started", threads.size(), count));
}

void end_for_want_of_memory() {
  say("shoal: there is no more memory for this process (ulimit -v, a control group, or the machine's)\n");
  ::_exit(1);
}

void end_where_memory_is_out() { std::set_new_handler(end_for_want_of_memory); }

void end_on_signals() {
  for (const int signal : watched_signals) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_handler = end_by_signal;
    action.sa_flags = SA_RESETHAND | SA_NODEFER;
    ::sigaction(signal, &action, nullptr);
  }
}

SignalWatch::SignalWatch(std::stop_source source, std::chrono::seconds patience) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : watched_signals) sigaddset(&signals, signal);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  // A shell starts background processes with SIGINT ignored; an ignored signal would never be seen here.
  for (const int signal : watched_signals) ::signal(signal, SIG_DFL);
  try {
    thread_ = std::jthread([source, signals, patience](std::stop_token ended) mutable {
      set_thread_name("signals");
      constexpr timespec look_again = {.tv_sec = 0, .tv_nsec = 200'000'000};
      auto deadline = std::chrono::steady_clock::time_point::max();
      while (!ended.stop_requested()) {
        const int signal = sigtimedwait(&signals, nullptr, &look_again);
        if (std::chrono::steady_clock::now() > deadline) {
          say("shoal: what was asked to stop did not; the process ends\n");
          ::_exit(1);
        }
        if (signal != SIGINT && signal != SIGTERM) continue;
        if (signal == SIGINT && offer_interrupt()) continue;
        if (!source.request_stop()) ::_exit(128 + signal);
        deadline = std::chrono::steady_clock::now() + patience;
      }
    });
  } catch (const std::system_error&) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
}

SignalWatch::~SignalWatch() = default;

}  // namespace shoal::os
