// shoal perplexity MODEL FILE --window 512 --windows 4: measures how well the model predicts a text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/local_model.h"
#include "cli/option_values.h"
#include "store/model_store.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

struct PerplexityOptions {
  std::string model;
  std::string text_file;
  int64_t window = 512;
  int64_t windows = 4;
  int64_t skip_tokens = 0;
  bool json = false;
  ArithmeticOptions arithmetic;
};

// Makes "\r\n" one line end, as programs that read text files do.
std::string with_plain_line_ends(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (!text.substr(i).starts_with("\r\n")) plain.push_back(text[i]);
  }
  return plain;
}

// Each window is scored alone, with bos in front if the model wants it.
Result<std::vector<std::vector<TokenId>>> make_windows(const PerplexityOptions& options,
                                                       const Tokenizer& tokenizer) {
  auto text = os::read_text_file(options.text_file);
  if (!text) return fail(text.error());
  const std::vector<TokenId> tokens = tokenizer.encode(with_plain_line_ends(*text), SpecialTokens::as_text);
  const int64_t wanted = options.skip_tokens + options.window * options.windows;
  if (static_cast<int64_t>(tokens.size()) < wanted) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} has {} tokens; {} windows of {} behind the first {} need {}", options.text_file,
                    tokens.size(), options.windows, options.window, options.skip_tokens, wanted));
  }
  std::vector<std::vector<TokenId>> windows;
  for (int64_t w = 0; w < options.windows; ++w) {
    std::vector<TokenId>& window = windows.emplace_back();
    if (tokenizer.adds_bos() && tokenizer.bos()) window.push_back(*tokenizer.bos());
    const auto first = tokens.begin() + options.skip_tokens + w * options.window;
    window.insert(window.end(), first, first + options.window);
  }
  return windows;
}

// -ln softmax(row)[token]
double negative_log_likelihood(std::span<const float> row, TokenId token) {
  const double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (float logit : row) sum += std::exp(logit - largest);
  return std::log(sum) + largest - row[static_cast<size_t>(token)];
}

Result<double> score(LocalModel& model, const std::vector<TokenId>& window, int64_t chunk) {
  auto logits = model.run_sequence(window, chunk);
  if (!logits) return fail(logits.error());
  const auto width = static_cast<size_t>(model.config().vocabulary_size);
  double sum = 0;
  for (size_t i = 0; i + 1 < window.size(); ++i) {
    sum += negative_log_likelihood(std::span(*logits).subspan(i * width, width), window[i + 1]);
  }
  return sum;
}

Result<void> run_perplexity(const PerplexityOptions& options) {
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  auto found = store->find_model_or_path(options.model);
  if (!found) return fail(found.error());
  auto tokenizer = load_tokenizer(found->path);
  if (!tokenizer) return fail(tokenizer.error());
  auto windows = make_windows(options, **tokenizer);
  if (!windows) return fail(windows.error());
  auto settings = options.arithmetic.settings();
  if (!settings) return fail(settings.error());
  settings->context_length = options.window + 1;
  auto model = LocalModel::load(found->path, *settings);
  if (!model) return fail(model.error());

  std::vector<double> nll_per_window;
  int64_t token_count = 0;
  double total = 0;
  for (const std::vector<TokenId>& window : *windows) {
    auto nll = score(**model, window, settings->row_limit);
    if (!nll) return fail(nll.error());
    nll_per_window.push_back(*nll);
    total += *nll;
    token_count += static_cast<int64_t>(window.size()) - 1;
    fmt::print(stderr, "window {} of {}: {:.4f}\n", nll_per_window.size(), options.windows,
               std::exp(*nll / static_cast<double>(window.size() - 1)));
  }
  const double perplexity = std::exp(total / static_cast<double>(token_count));
  if (options.json) {
    fmt::print("{{\"nll_per_window\": [{}], \"token_count\": {}, \"perplexity\": {}}}\n",
               fmt::join(nll_per_window, ", "), token_count, perplexity);
  } else {
    fmt::print("perplexity {:.4f} over {} tokens\n", perplexity, token_count);
  }
  return {};
}

}  // namespace

void add_perplexity_command(CommandSet& commands) {
  auto options = std::make_shared<PerplexityOptions>();
  CLI::App* command = commands.root.add_subcommand("perplexity", "how well a model foretells a text");
  command->add_option("model", options->model, "name or path")->required();
  command->add_option("file", options->text_file, "text")->required();
  command->add_option("--window", options->window, "tokens of a window (512)")->check(CLI::Range(2, 1 << 24));
  command->add_option("--windows", options->windows, "windows (4)")->check(CLI::Range(1, 1 << 24));
  command->add_option("--skip-tokens", options->skip_tokens, "tokens in front of the first window (0)")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", options->json, "nll_per_window, token_count and perplexity as JSON");
  options->arithmetic.declare(*command);
  command->callback(
      [options, &commands] { commands.chosen = [options] { return run_perplexity(*options); }; });
}

}  // namespace shoal
