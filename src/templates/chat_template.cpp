#include "templates/chat_template.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "templates/jinja/evaluator.h"
#include "templates/jinja/failure.h"
#include "templates/jinja/parser.h"

namespace shoal {
namespace {

constexpr int64_t maximum_source_bytes = 4 << 20;

std::unexpected<Error> fail_at(const jinja::Failure& failure) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("chat template, line {}: {}", failure.line, failure.message));
}

}  // namespace

struct ChatTemplate::Program {
  jinja::Block block;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  if (static_cast<int64_t>(source.size()) > maximum_source_bytes) {
    return fail(ErrorCode::invalid_argument, fmt::format("the chat template has {} bytes, the maximum is {}",
                                                         source.size(), maximum_source_bytes));
  }
  try {
    const std::string valid = is_valid_utf8(source) ? std::string(source) : repair_utf8(source);
    return ChatTemplate(std::make_unique<const Program>(Program{jinja::parse(valid)}));
  } catch (const jinja::Failure& failure) {
    return fail_at(failure);
  }
}

Result<RenderedChat> ChatTemplate::render_marked(const Value& context) const {
  if (context.object() == nullptr)
    return fail(ErrorCode::invalid_argument, "a template's context is no object");
  try {
    jinja::Evaluator evaluator(program_->block, context);
    const jinja::MarkedText output = evaluator.run();
    return RenderedChat{.text = output.bytes(), .from_context = output.input()};
  } catch (const jinja::Failure& failure) {
    return fail_at(failure);
  }
}

Result<std::string> ChatTemplate::render(const Value& context) const {
  Result<RenderedChat> rendered = render_marked(context);
  if (!rendered) return fail(rendered.error());
  return std::move(rendered->text);
}

}  // namespace shoal
