// Encodes texts and renders chat templates for text_oracle.py, which compares with other people's libraries.
// Standard input has records: four bytes of length (little-endian) and as many bytes. For each, a line of ids
// or of JSON goes to standard output.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "json/value.h"
#include "templates/chat_template.h"
#include "tokens/tokenizer_files.h"

namespace {

bool read_record(std::string& record) {
  unsigned char length[4];
  if (std::fread(length, 1, 4, stdin) != 4) return false;
  record.resize(static_cast<size_t>(length[0]) | static_cast<size_t>(length[1]) << 8 |
                static_cast<size_t>(length[2]) << 16 | static_cast<size_t>(length[3]) << 24);
  return std::fread(record.data(), 1, record.size(), stdin) == record.size();
}

int encode(const char* path, shoal::SpecialTokens special) {
  const auto tokenizer = shoal::load_tokenizer(path);
  if (!tokenizer) {
    fmt::print(stderr, "{}\n", tokenizer.error().message);
    return 1;
  }
  for (std::string text; read_record(text);) {
    fmt::print("{}\n", fmt::join((*tokenizer)->encode(text, special), " "));
  }
  return 0;
}

// Reads records in pairs: a template and its context.
int render() {
  for (std::string source, context; read_record(source) && read_record(context);) {
    const auto parsed = shoal::ChatTemplate::parse(source);
    const auto value = shoal::parse_json(context);
    auto rendered =
        parsed && value
            ? parsed->render(*value)
            : shoal::Result<std::string>(std::unexpected(parsed ? value.error() : parsed.error()));
    shoal::Value::Object line;
    if (rendered) {
      line.emplace_back("text", std::move(*rendered));
    } else {
      line.emplace_back("error", rendered.error().message);
    }
    fmt::print("{}\n", shoal::format_json(line));
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string command = count > 1 ? arguments[1] : "";
  if (command == "encode" && count == 3) return encode(arguments[2], shoal::SpecialTokens::as_text);
  if (command == "encode-special" && count == 3) return encode(arguments[2], shoal::SpecialTokens::parse);
  if (command == "render" && count == 2) return render();
  fmt::print(stderr, "usage: text_oracle encode TOKENIZER | encode-special TOKENIZER | render\n");
  return 2;
}
