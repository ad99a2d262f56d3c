// A line typed at the terminal: editing keys, history, and a pasted block as one line that has line ends in
// it. Only while read() runs is the terminal set for editing. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace shoal {

enum class LineEnd : uint8_t { entered, interrupted, closed };  // by Enter, Ctrl-C, Ctrl-D or a stop

struct TypedLine {
  LineEnd end;
  std::string text;  // what stood there
};

class LineEditor {
 public:
  // nullptr where standard input and output are no terminal that can be edited on. The history is read from
  // the file, and each remembered line is written to it; none when the path is empty.
  static std::unique_ptr<LineEditor> open(std::filesystem::path history_file);
  ~LineEditor();

  TypedLine read(const std::string& prompt, std::stop_token stop);

  // For the arrow keys, now and in the next session.
  void remember(const std::string& text);
  void set_history(bool is_kept);

 private:
  struct State;
  explicit LineEditor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace shoal
