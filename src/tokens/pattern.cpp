#include "tokens/pattern.h"

#include <fmt/format.h>

#include <cctype>
#include <chrono>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/utf8.h"
#include "tokens/word_scanner.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace shoal {
namespace {

constexpr int64_t maximum_source_bytes = 64 << 10;
constexpr uint32_t match_limit = 2'000'000;
constexpr std::chrono::seconds least_time{2};
constexpr uint32_t heap_limit_kib = 256 << 10;

// Unicode's White_Space. PCRE2's own \s includes U+180E too.
constexpr std::string_view space_pattern =
    R"(\x09-\x0D\x20\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
constexpr std::string_view no_spaces =
    R"(\x00-\x08\x0E-\x1F\x21-\x{84}\x{86}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF})";

// Oniguruma's \w. PCRE2's lacks marks and includes all numbers.
constexpr std::string_view word_pattern =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})";
// The complement of word_pattern, except for some dozens of numbers and letters in circles.
constexpr std::string_view no_words = R"(\p{C}\p{Z}\p{S}\p{No}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po})";

// What replaces \s, \S, \w and \W inside a class; empty for other letters.
std::string_view members_of(char letter) {
  switch (letter) {
    case 's': return space_pattern;
    case 'S': return no_spaces;
    case 'w': return word_pattern;
    case 'W': return no_words;
    default: return {};
  }
}

// Rewrites what PCRE2 writes differently.
class Translator {
 public:
  explicit Translator(std::string_view source) : source_(source) {}

  std::optional<std::string> translate() {
    std::string out;
    while (at_ < source_.size()) {
      if (source_[at_] == '[') {
        std::optional<std::string> character_class = read_class(0);
        if (!character_class) return std::nullopt;
        out += *character_class;
      } else if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
        const char c = source_[at_ + 1];
        if (c == 'S' || c == 'W') {
          out += fmt::format("[^{}]", c == 'S' ? space_pattern : word_pattern);
          at_ += 2;
        } else if (!members_of(c).empty()) {
          out += fmt::format("[{}]", members_of(c));
          at_ += 2;
        } else {
          out += read_escape();
        }
      } else {
        out += source_[at_++];
      }
    }
    return out;
  }

 private:
  // PCRE2's \p{Han} includes characters that Chinese shares with other scripts, such as "、".
  std::string_view read_escape() {
    constexpr std::string_view han_pattern = R"(\p{Han})";
    const bool han = source_.substr(at_).starts_with(han_pattern);
    const std::string_view escape = han ? R"(\p{sc:Han})" : source_.substr(at_, 2);
    at_ += han ? han_pattern.size() : 2;
    return escape;
  }

  // Reads a class, from its '['. An intersection becomes a class with a lookahead for each further part; a
  // class nested in a union is written out without its brackets, which PCRE2 does not know.
  std::optional<std::string> read_class(int depth) {
    if (depth > 8) return std::nullopt;
    ++at_;
    std::string items;
    std::string lookaheads;
    bool negative = false;
    if (at_ < source_.size() && source_[at_] == '^') {
      negative = true;
      ++at_;
    }
    for (bool first = true; at_ < source_.size(); first = false) {
      const char c = source_[at_];
      if (c == ']' && !first) {
        ++at_;
        if (lookaheads.empty()) return fmt::format("[{}{}]", negative ? "^" : "", items);
        if (negative) return std::nullopt;
        return fmt::format("(?:{}[{}])", lookaheads, items);
      }
      if (source_.substr(at_, 2) == "&&") {
        at_ += 2;
        if (at_ >= source_.size() || source_[at_] != '[') return std::nullopt;
        std::optional<std::string> part = read_class(depth + 1);
        if (!part) return std::nullopt;
        lookaheads += fmt::format("(?={})", *part);
      } else if (c == '[' && source_.substr(at_, 2) != "[:") {
        if (source_.substr(at_, 2) == "[^") return std::nullopt;
        std::optional<std::string> part = read_class(depth + 1);
        if (!part || part->front() != '[') return std::nullopt;
        items += part->substr(1, part->size() - 2);
      } else if (c == '[') {
        const size_t end = source_.find(":]", at_);
        if (end == std::string_view::npos) return std::nullopt;
        items += source_.substr(at_, end + 2 - at_);
        at_ = end + 2;
      } else if (c == '\\' && at_ + 1 < source_.size()) {
        if (const std::string_view members = members_of(source_[at_ + 1]); !members.empty()) {
          items += members;
          at_ += 2;
        } else {
          items += read_escape();
        }
      } else {
        items += c;
        ++at_;
      }
    }
    return std::nullopt;
  }

  std::string_view source_;
  size_t at_ = 0;
};

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::string error_text(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

}  // namespace

// Exactly one of scanner, literal and code is set.
struct Pattern::Code {
  WordScanner scanner = nullptr;
  std::string literal;
  std::unique_ptr<pcre2_code, FreeCode> code;
  std::unique_ptr<pcre2_match_context, FreeMatchContext> context;

  bool find_all(std::string_view text, std::vector<TextRange>& matches) const;
};

Pattern::Pattern(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::literal(std::string_view text) {
  auto code = std::make_unique<Code>();
  code->literal = text;
  return Pattern(std::move(code));
}

bool Pattern::is_linear() const { return code_->code == nullptr; }

Result<Pattern> Pattern::compile(std::string_view source, PatternEngine engine) {
  if (const WordScanner scanner = find_word_scanner(source);
      scanner != nullptr && engine == PatternEngine::fastest) {
    auto known = std::make_unique<Code>();
    known->scanner = scanner;
    return Pattern(std::move(known));
  }
  if (static_cast<int64_t>(source.size()) > maximum_source_bytes || !is_valid_utf8(source)) {
    return fail(ErrorCode::invalid_argument, "the pattern is too long or no UTF-8");
  }
  const std::optional<std::string> translated = Translator(source).translate();
  if (!translated) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the pattern has a class that is not supported: {}", source));
  }
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto compiled = std::make_unique<Code>();
  compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated->data()), translated->size(),
                                     PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_ANCHORED, &error,
                                     &offset, nullptr));
  if (compiled->code == nullptr) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the pattern is wrong at {}, {}: {}", offset, error_text(error), *translated));
  }
  compiled->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(compiled->context.get(), match_limit);
  pcre2_set_heap_limit(compiled->context.get(), heap_limit_kib);
  // If compiling fails, PCRE2's interpreter runs the pattern.
  (void)pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE);
  return Pattern(std::move(compiled));
}

bool Pattern::find_all(std::string_view text, std::vector<TextRange>& matches) const {
  matches.clear();
  if (code_->scanner != nullptr) {
    TextRange match{0, 0};
    while (code_->scanner(text, match.end, match)) matches.push_back(match);
    return true;
  }
  if (const std::string& literal = code_->literal; !literal.empty()) {
    for (size_t at = text.find(literal); at != std::string_view::npos;
         at = text.find(literal, at + literal.size())) {
      matches.push_back({static_cast<int64_t>(at), static_cast<int64_t>(at + literal.size())});
    }
    return true;
  }
  return code_->find_all(text, matches);
}

// Each attempt starts at one place and has a limit of its own. Their total is limited by time, since PCRE2
// does not tell how much work an attempt took.
bool Pattern::Code::find_all(std::string_view text, std::vector<TextRange>& matches) const {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline =
      Clock::now() + least_time + std::chrono::microseconds(static_cast<int64_t>(text.size()));
  const std::unique_ptr<pcre2_match_data, FreeMatchData> data(pcre2_match_data_create(1, nullptr));
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
  int64_t attempts = 0;
  for (size_t at = 0; at < text.size();) {
    if (++attempts % 64 == 0 && Clock::now() > deadline) {
      log_warning("a tokenizer's pattern took too long");
      return false;
    }
    int rc = pcre2_match(code.get(), subject, text.size(), at, PCRE2_NO_UTF_CHECK, data.get(), context.get());
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
      // Compiled code has a small stack; the interpreter uses the heap, up to its limit.
      rc = pcre2_match(code.get(), subject, text.size(), at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data.get(),
                       context.get());
    }
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH) {
      log_warning("a tokenizer's pattern took too much: {}", error_text(rc));
      return false;
    }
    if (rc >= 0 && bounds[0] == at && bounds[1] > at) {
      matches.push_back({static_cast<int64_t>(at), static_cast<int64_t>(bounds[1])});
      at = bounds[1];
    } else {  // no match, an empty one, or one moved by \K
      at += static_cast<size_t>(utf8_length(text[at]));
    }
  }
  return true;
}

}  // namespace shoal
