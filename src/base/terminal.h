// What os.h is for the terminal, or whatever else stands at standard input: the seam to the operating system.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace shoal::os {

// Whether within that time something can be read from standard input, or its end is there.
bool wait_for_input(Duration limit);
// What can be read now, and else what comes first; empty at the end.
std::string read_input();

// The width of the terminal on standard input; 0: unknown.
int terminal_columns();

// While one lives, what is typed is neither shown nor bound to lines but waits to be read. Ctrl-C is a
// signal.
class QuietTerminal {
 public:
  QuietTerminal();
  ~QuietTerminal();
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

 private:
  std::shared_ptr<void> settings_;  // from before; null where there is no terminal
};

// While one lives, a SignalWatch asks `take` first when SIGINT comes, on a thread of its own: true, and
// nothing else happens. One at a time.
class InterruptTaker {
 public:
  explicit InterruptTaker(std::function<bool()> take);
  ~InterruptTaker();
  InterruptTaker(const InterruptTaker&) = delete;
  InterruptTaker& operator=(const InterruptTaker&) = delete;
};

// For SignalWatch: whether the one that lives took it.
bool offer_interrupt();

}  // namespace shoal::os
