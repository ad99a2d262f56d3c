// Reads a line typed at the terminal, with editing keys, history, and a pasted block as one line that has
// line ends in it. The terminal is set for editing only while read() runs. One thread.
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
  std::string text;  // the text of the line
};

class LineEditor {
 public:
  // nullptr when standard input and output are no terminal on which lines can be edited. The history is read
  // from the file, and each remembered line is written to it; an empty path means no file.
  static std::unique_ptr<LineEditor> open(std::filesystem::path history_file);
  ~LineEditor();

  TypedLine read(const std::string& prompt, std::stop_token stop);

  // Adds a line to the history for the arrow keys, in this session and the next.
  void remember(const std::string& text);
  void set_history(bool is_kept);

 private:
  struct State;
  explicit LineEditor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace shoal
