#include "api/output_fields.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace shoal {
namespace {

// A grammar that allows exactly these texts.
std::string choice_grammar(const Value::Array& texts) {
  std::string source = "root ::= ";
  for (const Value& text : texts) {
    if (&text != &texts.front()) source += " | ";
    source += '"';
    for (const char c : *text.text()) {
      switch (c) {
        case '"': source += "\\\""; break;
        case '\\': source += "\\\\"; break;
        case '\n': source += "\\n"; break;
        case '\r': source += "\\r"; break;
        case '\t': source += "\\t"; break;
        default: source += c;
      }
    }
    source += '"';
  }
  return source;
}

// Removes the wrapping of OpenAI's json_schema, which some clients put around a schema.
const Value& unwrapped(const Value& schema) {
  const Value* inner = schema.find("schema");
  const bool is_schema = schema.find("type") != nullptr || schema.find("properties") != nullptr;
  return inner != nullptr && inner->object() != nullptr && !is_schema ? *inner : schema;
}

class OutputReader {
 public:
  OutputReader(RequestFields& fields, std::optional<ApiError>& error) : fields_(fields), error_(error) {}

  OutputFormat read() {
    read_grammar();
    read_response_format();
    take_schema(fields_, "json_schema");
    take_schema(fields_, "guided_json");
    if (fields_.boolean("guided_json_object").value_or(false)) take_any_object(fields_, "guided_json_object");
    take_text(fields_, "guided_regex", OutputKind::regex);
    take_text(fields_, "regex", OutputKind::regex);
    take_choice(fields_, "guided_choice");
    take_text(fields_, "guided_grammar", OutputKind::gbnf);
    take_text(fields_, "ebnf", OutputKind::gbnf);
    read_structured_outputs();
    read_format();
    check();
    return error_ ? OutputFormat() : output_;
  }

 private:
  static std::string path_of(const RequestFields& fields, std::string_view name) {
    return fields.path() + std::string(name);
  }

  void take(RequestFields& fields, std::string_view name, OutputFormat output) {
    if (error_) return;
    if (output_.kind != OutputKind::free_text && output_ != output) {
      return fields.reject_unsupported(name, fmt::format("is not allowed together with {}", field_));
    }
    output_ = std::move(output);
    field_ = path_of(fields, name);
  }

  void take_text(RequestFields& fields, std::string_view name, OutputKind kind) {
    if (auto text = fields.text(name); text && !text->empty()) {
      take(fields, name, {.kind = kind, .source = *std::move(text)});
    }
  }

  void take_any_object(RequestFields& fields, std::string_view name) {
    take(fields, name, {.kind = OutputKind::json_object, .source = ""});
  }

  // Takes an object or a text that holds one; false when the member is absent or wrong.
  bool take_schema(RequestFields& fields, std::string_view name) {
    const Value* given = fields.find(name);
    if (given == nullptr) return false;
    Value parsed;
    if (given->text() != nullptr) {
      if (given->text()->empty()) return false;
      if (Result<Value> read = parse_json(*given->text())) parsed = *std::move(read);
      given = &parsed;
    }
    if (given->object() == nullptr && given->boolean() == nullptr) {
      fields.reject(name, "must be a JSON schema", "invalid_type");
      return false;
    }
    take(fields, name, {.kind = OutputKind::json_schema, .source = format_json(unwrapped(*given))});
    return true;
  }

  void take_choice(RequestFields& fields, std::string_view name) {
    const Value::Array* texts = fields.array(name);
    if (texts == nullptr) return;
    for (const Value& text : *texts) {
      if (text.text() == nullptr) return fields.reject(name, "must be an array of strings", "invalid_type");
    }
    if (texts->empty()) return fields.reject(name, "must be an array of at least one string");
    take(fields, name, {.kind = OutputKind::gbnf, .source = choice_grammar(*texts)});
  }

  // `grammar` is a GBNF text, or TGI's {"type": …, "value": …}.
  void read_grammar() {
    const Value* grammar = fields_.find("grammar");
    if (grammar == nullptr || grammar->object() == nullptr || grammar->find("type") == nullptr) {
      return take_text(fields_, "grammar", OutputKind::gbnf);
    }
    read_typed("grammar");
  }

  void read_response_format() {
    if (fields_.object("response_format") != nullptr) read_typed("response_format");
  }

  void read_typed(const std::string& name) {
    RequestFields format(*fields_.find(name), error_, name + ".");
    const std::string type = format.text("type").value_or("");
    if (type == "text") return;
    if (output_.kind != OutputKind::free_text) {
      fields_.reject_unsupported(name, fmt::format("is not allowed together with {}", field_));
    } else if (type == "json_object" || type == "json") {
      if (!take_schema(format, "schema") && !take_schema(format, "value")) take_any_object(format, "type");
    } else if (type == "json_schema") {
      read_json_schema(format, name);
    } else if (type == "regex") {
      for (const char* member : {"pattern", "regex", "value"}) take_text(format, member, OutputKind::regex);
      if (field_.empty()) format.reject("pattern", "must be a pattern", "missing_field");
    } else if (type == "grammar") {
      for (const char* member : {"grammar", "value"}) take_text(format, member, OutputKind::gbnf);
      if (field_.empty()) format.reject("grammar", "must be a grammar", "missing_field");
    } else {
      format.reject("type", "must be \"text\", \"json_object\" or \"json_schema\"");
    }
  }

  // OpenAI's form, or the schema without a wrapping.
  void read_json_schema(RequestFields& format, const std::string& name) {
    if (format.find("json_schema") == nullptr && take_schema(format, "schema")) return;
    if (format.find("json_schema") == nullptr && take_schema(format, "value")) return;
    const Value* wrapping = format.object("json_schema") == nullptr ? nullptr : format.find("json_schema");
    const Value* schema = wrapping == nullptr ? nullptr : wrapping->find("schema");
    if (schema == nullptr || (schema->object() == nullptr && schema->boolean() == nullptr)) {
      return format.reject("json_schema", "must be an object with a schema", "invalid_type");
    }
    RequestFields inner(*wrapping, error_, name + ".json_schema.");
    take(inner, "schema", {.kind = OutputKind::json_schema, .source = format_json(*schema)});
  }

  void read_structured_outputs() {
    if (fields_.object("structured_outputs") == nullptr) return;
    RequestFields inner(*fields_.find("structured_outputs"), error_, "structured_outputs.");
    take_schema(inner, "json");
    if (inner.boolean("json_object").value_or(false)) take_any_object(inner, "json_object");
    take_text(inner, "regex", OutputKind::regex);
    take_choice(inner, "choice");
    take_text(inner, "grammar", OutputKind::gbnf);
    for (const char* name : {"structural_tag", "whitespace_pattern"}) {
      if (inner.find(name) != nullptr) inner.reject_unsupported(name, "is not supported");
    }
  }

  // Ollama's format: "json" or a schema.
  void read_format() {
    const Value* format = fields_.find("format");
    if (format == nullptr) return;
    if (format->text() == nullptr) {
      take_schema(fields_, "format");
    } else if (*format->text() == "json") {
      take_any_object(fields_, "format");
    } else if (!format->text()->empty()) {
      fields_.reject("format", "must be \"json\" or a JSON schema");
    }
  }

  void check() {
    if (error_ || output_.kind == OutputKind::free_text) return;
    if (const Result<Grammar> grammar = compile_output_format(output_); !grammar) {
      error_ = ApiError{.status = 400,
                        .message = fmt::format("{}: {}", field_, grammar.error().message),
                        .param = field_,
                        .code = "invalid_value"};
    }
  }

  RequestFields& fields_;
  std::optional<ApiError>& error_;
  OutputFormat output_;
  std::string field_;  // where the form was found; empty: nowhere yet
};

}  // namespace

OutputFormat read_output(RequestFields& fields, std::optional<ApiError>& error) {
  return OutputReader(fields, error).read();
}

}  // namespace shoal
