#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/mutex.h"
#include "base/terminal.h"

namespace shoal::os {
namespace {

struct Taker {
  Mutex mutex;
  std::function<bool()> take GUARDED_BY(mutex);
};

Taker& taker = *new Taker;  // never destroyed: a watch may still run while the program ends

}  // namespace

bool wait_for_input(Duration limit) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, static_cast<int>(milliseconds)) > 0;
}

std::string read_input() {
  char bytes[4096];
  ssize_t count = 0;
  do {
    count = ::read(STDIN_FILENO, bytes, sizeof(bytes));
  } while (count < 0 && errno == EINTR);
  return {bytes, static_cast<size_t>(std::max<ssize_t>(count, 0))};
}

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

QuietTerminal::QuietTerminal() {
  termios settings{};
  if (::tcgetattr(STDIN_FILENO, &settings) != 0) return;
  settings_ = std::make_shared<termios>(settings);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  settings.c_lflag |= ISIG;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

QuietTerminal::~QuietTerminal() {
  if (settings_ != nullptr) ::tcsetattr(STDIN_FILENO, TCSANOW, static_cast<const termios*>(settings_.get()));
}

InterruptTaker::InterruptTaker(std::function<bool()> take) {
  MutexLock lock(taker.mutex);
  taker.take = std::move(take);
}

InterruptTaker::~InterruptTaker() {
  MutexLock lock(taker.mutex);
  taker.take = nullptr;
}

bool offer_interrupt() {
  MutexLock lock(taker.mutex);
  return taker.take && taker.take();
}

}  // namespace shoal::os
