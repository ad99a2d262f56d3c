// Measures how fast tokenizers load and encode. Arguments: a file of text, then tokenizer files.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/os.h"
#include "tokens/tokenizer_files.h"

namespace {

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The shortest of several times, which the machine's other work disturbed least.
double best_seconds_of(int times, const auto& work) {
  double best = seconds_of(work);
  for (int i = 1; i < times; ++i) best = std::min(best, seconds_of(work));
  return best;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    fmt::print(stderr, "usage: tokenizer_bench TEXT TOKENIZER…\n");
    return 2;
  }
  const shoal::Result<std::string> text = shoal::os::read_text_file(arguments[1]);
  if (!text) {
    fmt::print(stderr, "{}\n", text.error().message);
    return 1;
  }
  fmt::print("{} bytes of text\n{:>9} {:>12} {:>9}  tokenizer\n", text->size(), "load ms", "encode MB/s",
             "tokens");
  for (int i = 2; i < count; ++i) {
    const std::filesystem::path path = arguments[i];
    const auto tokenizer = shoal::load_tokenizer(path);
    if (!tokenizer) {
      fmt::print(stderr, "{}\n", tokenizer.error().message);
      return 1;
    }
    const double load = best_seconds_of(5, [&] { (void)shoal::load_tokenizer(path); });
    size_t tokens = 0;
    const double encode = best_seconds_of(
        5, [&] { tokens = (*tokenizer)->encode(*text, shoal::SpecialTokens::as_text).size(); });
    fmt::print("{:>9.1f} {:>12.1f} {:>9}  {}\n", load * 1e3, static_cast<double>(text->size()) / encode / 1e6,
               tokens, path.string());
  }
  return 0;
}
