#include "tokens/pre_tokenizer.h"

#include "tokens/normalizer.h"

namespace shoal {
namespace {

std::string_view part(std::string_view text, const TextRange& range) {
  return text.substr(static_cast<size_t>(range.begin), static_cast<size_t>(range.end - range.begin));
}

// A stretch of the text: matches and the stretches between them alternate.
struct Stretch {
  TextRange range;
  bool match;
};

bool find_stretches(const SplitStep& step, std::string_view text, const TextRange& piece,
                    std::vector<TextRange>& matches, std::vector<Stretch>& stretches) {
  stretches.clear();
  const bool complete = step.pattern.find_all(part(text, piece), matches);
  int64_t at = piece.begin;
  for (const TextRange& match : matches) {
    const TextRange found{piece.begin + match.begin, piece.begin + match.end};
    if (found.begin > at) stretches.push_back({{at, found.begin}, step.invert});
    stretches.push_back({found, !step.invert});
    at = found.end;
  }
  if (at < piece.end) stretches.push_back({{at, piece.end}, step.invert});
  return complete;
}

void put_stretches(SplitBehavior behavior, const std::vector<Stretch>& stretches,
                   std::vector<TextRange>& pieces) {
  bool joins_previous = false;  // the piece being built takes this stretch too
  bool previous_match = false;
  for (const Stretch& stretch : stretches) {
    bool joins_next = false;
    switch (behavior) {
      case SplitBehavior::removed:
        if (stretch.match) continue;
        joins_previous = false;
        break;
      case SplitBehavior::isolated: break;
      case SplitBehavior::merged_with_previous:
        joins_previous = stretch.match && !previous_match && !pieces.empty() && joins_previous;
        joins_next = !stretch.match;
        break;
      case SplitBehavior::merged_with_next:
        joins_next = stretch.match;
        joins_previous = joins_previous && !stretch.match;
        break;
      case SplitBehavior::contiguous:
        joins_previous = joins_previous && stretch.match == previous_match;
        joins_next = true;
        break;
    }
    if (joins_previous) {
      pieces.back().end = stretch.range.end;
    } else {
      pieces.push_back(stretch.range);
    }
    joins_previous = joins_next;
    previous_match = stretch.match;
  }
}

// Makes each match a piece, and each stretch between two matches.
void isolate(const Pattern& pattern, PreTokenizedText& cut, std::vector<TextRange>& pieces) {
  std::vector<TextRange> matches;
  for (const TextRange& piece : cut.pieces) {
    if (!pattern.find_all(part(cut.text, piece), matches)) cut.complete = false;
    int64_t at = piece.begin;
    for (const TextRange& match : matches) {
      if (piece.begin + match.begin > at) pieces.push_back({at, piece.begin + match.begin});
      at = piece.begin + match.end;
      pieces.push_back({piece.begin + match.begin, at});
    }
    if (at < piece.end) pieces.push_back({at, piece.end});
  }
}

void apply_step(const SplitStep& step, PreTokenizedText& cut) {
  std::vector<TextRange> pieces;
  pieces.reserve(cut.pieces.size() + cut.text.size() / 4);
  if (step.behavior == SplitBehavior::isolated) {
    isolate(step.pattern, cut, pieces);
  } else {
    std::vector<TextRange> matches;
    std::vector<Stretch> stretches;
    for (const TextRange& piece : cut.pieces) {
      if (!find_stretches(step, cut.text, piece, matches, stretches)) cut.complete = false;
      put_stretches(step.behavior, stretches, pieces);
    }
  }
  cut.pieces = std::move(pieces);
}

// Rewrites each piece. `rewrite` gets the piece and whether it is the first of the input.
template <class Rewrite>
void rewrite_pieces(PreTokenizedText& cut, const Rewrite& rewrite) {
  std::string text;
  text.reserve(cut.text.size() + 16);
  for (TextRange& piece : cut.pieces) {
    const bool first = cut.begins_input && piece.begin == 0;
    const std::string rewritten = rewrite(part(cut.text, piece), first);
    piece.begin = static_cast<int64_t>(text.size());
    text += rewritten;
    piece.end = static_cast<int64_t>(text.size());
  }
  cut.text = std::move(text);
}

void apply_step(const PrefixSpaceStep&, PreTokenizedText& cut) {
  rewrite_pieces(cut, [](std::string_view piece, bool) {
    return piece.empty() || piece.front() == ' ' ? std::string(piece) : std::string(" ").append(piece);
  });
}

void cut_before(std::string_view mark, bool whole_runs, PreTokenizedText& cut) {
  std::vector<TextRange> pieces;
  for (const TextRange& piece : cut.pieces) {
    const std::string_view text = part(cut.text, piece);
    size_t begin = 0;
    size_t run_end = std::string_view::npos;  // where the run of marks that was found last ends
    for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + mark.size())) {
      const bool in_run = at == run_end;
      run_end = at + mark.size();
      if (at == begin || (whole_runs && in_run)) continue;
      pieces.push_back({piece.begin + static_cast<int64_t>(begin), piece.begin + static_cast<int64_t>(at)});
      begin = at;
    }
    if (begin < text.size()) pieces.push_back({piece.begin + static_cast<int64_t>(begin), piece.end});
  }
  cut.pieces = std::move(pieces);
}

void apply_step(const MetaspaceStep& step, PreTokenizedText& cut) {
  using Prepend = MetaspaceStep::Prepend;
  rewrite_pieces(cut, [&](std::string_view piece, bool first) {
    std::string text = replace_all(piece, " ", step.replacement);
    const bool wanted = step.prepend == Prepend::always || (step.prepend == Prepend::first && first);
    if (wanted && !text.starts_with(step.replacement)) text.insert(0, step.replacement);
    return text;
  });
  if (step.split) cut_before(step.replacement, /*whole_runs=*/false, cut);
}

void apply_step(const CutBeforeMarkStep& step, PreTokenizedText& cut) {
  cut_before(step.mark, /*whole_runs=*/true, cut);
}

int64_t shrinking_of(const SplitStep& step) {
  return step.behavior == SplitBehavior::removed ? shrinks_to_nothing : 1;
}
int64_t shrinking_of(const PrefixSpaceStep&) { return 1; }
int64_t shrinking_of(const MetaspaceStep& step) { return static_cast<int64_t>(step.replacement.size()); }
int64_t shrinking_of(const CutBeforeMarkStep&) { return 1; }

}  // namespace

int64_t PreTokenizer::shrinking() const {
  int64_t factor = 1;
  for (const PreTokenizerStep& step : steps_) {
    factor *= std::visit([](const auto& kind) { return shrinking_of(kind); }, step);
  }
  return factor;
}

PreTokenizedText PreTokenizer::apply(std::string text, bool begins_input) const {
  PreTokenizedText cut{.text = std::move(text), .pieces = {}, .begins_input = begins_input};
  if (!cut.text.empty()) cut.pieces.push_back({0, static_cast<int64_t>(cut.text.size())});
  for (const PreTokenizerStep& step : steps_) {
    std::visit([&](const auto& kind) { apply_step(kind, cut); }, step);
  }
  return cut;
}

}  // namespace shoal
