#include "cli/line_editor.h"

#include <histedit.h>
#include <locale.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <string_view>

#include "base/os.h"
#include "base/terminal.h"
#include "base/utf8.h"

namespace shoal {
namespace {

constexpr int history_limit = 1000;
constexpr Duration look_again = std::chrono::milliseconds(100);
constexpr const char* begin_pastes = "\033[?2004h";  // makes the terminal mark what is pasted
constexpr const char* end_pastes = "\033[?2004l";
constexpr std::wstring_view paste_end = L"\033[201~";

// libedit counts and shows characters by the calling thread's locale. While this object lives that is UTF-8,
// whatever the environment says.
class Utf8Thread {
 public:
  Utf8Thread() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = ::uselocale(locale_);
  }
  ~Utf8Thread() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  Utf8Thread(const Utf8Thread&) = delete;
  Utf8Thread& operator=(const Utf8Thread&) = delete;

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

// A pasted text as if it had been typed: with our line ends and without characters that would control the
// terminal.
std::wstring clean_paste(std::wstring_view pasted) {
  std::wstring clean;
  for (size_t i = 0; i < pasted.size(); ++i) {
    const bool is_half = pasted[i] == L'\r' && i + 1 < pasted.size() && pasted[i + 1] == L'\n';
    if (is_half) continue;
    const wchar_t character = pasted[i] == L'\r' ? L'\n' : pasted[i];
    const bool is_order = (character < 0x20 && character != L'\n' && character != L'\t') || character == 0x7f;
    if (!is_order) clean += character;
  }
  while (clean.ends_with(L'\n')) clean.pop_back();
  return clean;
}

}  // namespace

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::filesystem::path history_file;
  bool is_history_kept = true;
  std::string prompt;
  std::stop_token stop;
  std::string bytes;  // read, but not taken by libedit yet
  bool is_interrupted = false;
  std::string interrupted_text;
  int columns = 0;

  ~State() {
    if (editor != nullptr) el_end(editor);
    if (history != nullptr) history_end(history);
  }

  static State& of(EditLine* editor) {
    void* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return *static_cast<State*>(state);
  }

  static char* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  // Reads one character of standard input; 0 at its end, or when asked to stop.
  static int read_character(EditLine* editor, wchar_t* character) {
    State& state = of(editor);
    while (state.bytes.empty() || unfinished_utf8(state.bytes) == static_cast<int64_t>(state.bytes.size())) {
      if (state.stop.stop_requested()) return 0;
      state.follow_width();
      if (!os::wait_for_input(look_again)) continue;
      const std::string more = os::read_input();
      if (more.empty()) return 0;
      state.bytes += more;
    }
    const CodePoint point = decode_utf8(state.bytes, 0);
    state.bytes.erase(0, static_cast<size_t>(point.length));
    *character = static_cast<wchar_t>(point.value);
    return 1;
  }

  void follow_width() {
    const int now = os::terminal_columns();
    if (now == columns) return;
    columns = now;
    el_resize(editor);
  }

  static unsigned char take_interrupt(EditLine* editor, int) {
    State& state = of(editor);
    const LineInfo* line = el_line(editor);
    state.is_interrupted = true;
    state.interrupted_text.assign(line->buffer, static_cast<size_t>(line->lastchar - line->buffer));
    return CC_NEWLINE;
  }

  static unsigned char take_paste(EditLine* editor, int) {
    std::wstring pasted;
    wchar_t character = 0;
    while (!pasted.ends_with(paste_end)) {
      if (el_wgetc(editor, &character) != 1) return CC_EOF;
      pasted += character;
    }
    pasted.resize(pasted.size() - paste_end.size());
    const std::wstring clean = clean_paste(pasted);
    if (!clean.empty() && el_winsertstr(editor, clean.c_str()) != 0) return CC_ERROR;
    return CC_REFRESH;
  }

  bool set_up() {
    editor = el_init("shoal", stdin, stdout, stderr);
    history = history_init();
    if (editor == nullptr || history == nullptr) return false;
    HistEvent event;
    ::history(history, &event, H_SETSIZE, history_limit);
    ::history(history, &event, H_SETUNIQUE, 1);
    if (!history_file.empty()) ::history(history, &event, H_LOAD, history_file.c_str());
    el_set(editor, EL_CLIENTDATA, this);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 0);
    el_set(editor, EL_HIST, ::history, history);
    el_set(editor, EL_PROMPT, show_prompt);
    el_set(editor, EL_GETCFN, read_character);
    // Ctrl-C is a key while a line is typed, and also between two lines, where nobody would handle a signal.
    el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
    el_set(editor, EL_SETTY, "-x", "-isig", "-icanon", nullptr);
    el_set(editor, EL_ADDFN, "interrupt", "Leave this line", take_interrupt);
    el_set(editor, EL_ADDFN, "paste", "Insert what is pasted", take_paste);
    el_set(editor, EL_BIND, "^C", "interrupt", nullptr);
    el_set(editor, EL_BIND, "\033[200~", "paste", nullptr);
    el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    return true;
  }
};

// Pastes are marked for as long as the editor lives, because they also come while nothing is read.
LineEditor::LineEditor(std::unique_ptr<State> state) : state_(std::move(state)) {
  std::fputs(begin_pastes, stdout);
}

LineEditor::~LineEditor() {
  std::fputs(end_pastes, stdout);
  std::fflush(stdout);
}

std::unique_ptr<LineEditor> LineEditor::open(std::filesystem::path history_file) {
  const auto terminal = os::environment("TERM");
  const bool can_edit = terminal && !terminal->empty() && *terminal != "dumb";
  if (!can_edit || !os::stdin_is_terminal() || !os::stdout_is_terminal()) return nullptr;
  const Utf8Thread utf8;
  auto state = std::make_unique<State>();
  state->history_file = std::move(history_file);
  if (!state->set_up()) return nullptr;
  return std::unique_ptr<LineEditor>(new LineEditor(std::move(state)));
}

TypedLine LineEditor::read(const std::string& prompt, std::stop_token stop) {
  const Utf8Thread utf8;
  State& state = *state_;
  state.prompt = prompt;
  state.stop = std::move(stop);
  state.is_interrupted = false;
  int count = 0;
  const char* line = el_gets(state.editor, &count);
  if (state.is_interrupted) std::fputs("^C\n", stdout);
  std::fflush(stdout);
  if (state.is_interrupted) return {LineEnd::interrupted, std::exchange(state.interrupted_text, {})};
  if (line == nullptr || count <= 0) return {LineEnd::closed, ""};
  std::string_view text(line, static_cast<size_t>(count));
  if (text.ends_with('\n')) text.remove_suffix(1);
  return {LineEnd::entered, std::string(text)};
}

void LineEditor::remember(const std::string& text) {
  State& state = *state_;
  if (!state.is_history_kept) return;
  const Utf8Thread utf8;
  HistEvent event;
  history(state.history, &event, H_ENTER, text.c_str());
  if (state.history_file.empty()) return;
  std::error_code ignored;  // without a file the history lasts as long as the program
  std::filesystem::create_directories(state.history_file.parent_path(), ignored);
  history(state.history, &event, H_SAVE, state.history_file.c_str());
}

void LineEditor::set_history(bool is_kept) { state_->is_history_kept = is_kept; }

}  // namespace shoal
