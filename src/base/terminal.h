// The part of the seam to the operating system (see os.h) that deals with the terminal or pipe at standard
// input.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace shoal::os {

// Waits up to `limit`. True when something can be read from standard input, or when it has ended.
bool wait_for_input(Duration limit);
// Reads what is there now, and waits for input if nothing is. Empty at the end of the input.
std::string read_input();

// The width of the terminal at standard input; 0 when it is unknown.
int terminal_columns();

// While one lives, typed characters are not shown and can be read one by one instead of in lines. Ctrl-C
// stays a signal.
class QuietTerminal {
 public:
  QuietTerminal();
  ~QuietTerminal();
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

 private:
  std::shared_ptr<void> settings_;  // from before; null when there is no terminal
};

// While one lives, a SignalWatch calls `take` first when SIGINT comes, on the watch's own thread. When `take`
// returns true, the signal has no other effect. At most one may live at a time.
class InterruptTaker {
 public:
  explicit InterruptTaker(std::function<bool()> take);
  ~InterruptTaker();
  InterruptTaker(const InterruptTaker&) = delete;
  InterruptTaker& operator=(const InterruptTaker&) = delete;
};

// Called by SignalWatch: whether the living InterruptTaker took the signal.
bool offer_interrupt();

}  // namespace shoal::os
