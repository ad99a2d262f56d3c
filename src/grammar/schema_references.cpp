#include "grammar/schema_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace shoal {
namespace {

// Decodes %41 of URIs, then ~1 and ~0 of JSON pointers.
std::string decode_pointer_part(std::string_view part) {
  std::string bytes;
  const auto hex = [](char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
  };
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '%' && i + 2 < part.size() && is_hex(part[i + 1]) && is_hex(part[i + 2])) {
      bytes += static_cast<char>(hex(part[i + 1]) * 16 + hex(part[i + 2]));
      i += 2;
    } else {
      bytes += part[i];
    }
  }
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool is_escape =
        bytes[i] == '~' && i + 1 < bytes.size() && (bytes[i + 1] == '0' || bytes[i + 1] == '1');
    text += is_escape ? (bytes[++i] == '0' ? '~' : '/') : bytes[i];
  }
  return text;
}

const Value* find_anchor(const Value& at, std::string_view anchor) {
  if (const Value* own = at.find("$anchor");
      own != nullptr && own->text() != nullptr && *own->text() == anchor)
    return &at;
  if (at.object() != nullptr) {
    for (const auto& [name, member] : *at.object()) {
      if (const Value* found = find_anchor(member, anchor)) return found;
    }
  } else if (at.array() != nullptr) {
    for (const Value& item : *at.array()) {
      if (const Value* found = find_anchor(item, anchor)) return found;
    }
  }
  return nullptr;
}

const Value* find_part(const Value& at, const std::string& part) {
  const Value::Array* items = at.array();
  if (items == nullptr) return at.find(part);
  const bool is_number =
      !part.empty() && part.size() < 9 && part.find_first_not_of("0123456789") == std::string::npos;
  const size_t index = is_number ? std::stoul(part) : items->size();
  return index < items->size() ? &(*items)[index] : nullptr;
}

}  // namespace

Result<const Value*> SchemaReferences::find(const std::string& reference) const {
  std::string_view rest = reference;
  const auto wrong = [&](std::string_view form) {
    return fail(ErrorCode::invalid_argument, fmt::format(fmt::runtime(form), reference.substr(0, 200)));
  };
  const Value* id = root_.find("$id");
  if (id != nullptr && id->text() != nullptr && !rest.starts_with('#')) {
    std::string_view base = *id->text();
    if (base.ends_with('#')) base.remove_suffix(1);
    if (rest.starts_with(base) && (rest.size() == base.size() || rest[base.size()] == '#'))
      rest.remove_prefix(base.size());
    if (rest.empty()) return &root_;
  }
  if (!rest.starts_with('#')) return wrong("\"{}\" leads out of the schema");
  rest.remove_prefix(1);
  if (rest.empty()) return &root_;
  const Value* at = &root_;
  if (!rest.starts_with('/')) {
    at = find_anchor(root_, rest);
    if (at == nullptr) return wrong("there is no \"{}\"");
    return at;
  }
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string part = decode_pointer_part(rest.substr(0, end));
    rest.remove_prefix(end);
    if (at != &root_ && at->find("$id") != nullptr)
      return wrong("\"{}\" leads through an \"$id\", which is supported at the root only");
    at = find_part(*at, part);
    if (at == nullptr) return wrong("there is no \"{}\"");
  }
  return at;
}

// The schemas inside that speak of the same value.
std::vector<const Value*> SchemaReferences::parts_of(const Value& schema) const {
  std::vector<const Value*> parts;
  if (const Value* reference = schema.find("$ref"); reference != nullptr && reference->text() != nullptr) {
    if (const Result<const Value*> target = find(*reference->text())) parts.push_back(*target);
  }
  for (const char* keyword : {"allOf", "anyOf", "oneOf"}) {
    const Value* list = schema.find(keyword);
    if (list == nullptr || list->array() == nullptr) continue;
    for (const Value& part : *list->array()) parts.push_back(&part);
  }
  for (const char* keyword : {"not", "if", "then", "else"}) {
    if (const Value* part = schema.find(keyword)) parts.push_back(part);
  }
  for (const char* keyword : {"dependentSchemas", "dependencies"}) {
    const Value* list = schema.find(keyword);
    if (list == nullptr || list->object() == nullptr) continue;
    for (const auto& [name, part] : *list->object()) parts.push_back(&part);
  }
  return parts;
}

const Value* SchemaReferences::find_cycle(const Value& schema) {
  struct Step {
    const Value* schema;
    std::vector<const Value*> parts;
    size_t next = 0;
  };
  std::vector<Step> path;
  std::set<const Value*> open;
  const auto enter = [&](const Value& part) {
    if (finite_.contains(&part)) return;
    open.insert(&part);
    path.push_back({.schema = &part, .parts = parts_of(part)});
  };
  enter(schema);
  while (!path.empty()) {
    Step& step = path.back();
    if (step.next == step.parts.size()) {
      open.erase(step.schema);
      finite_.insert(step.schema);
      path.pop_back();
      continue;
    }
    const Value* const part = step.parts[step.next++];
    if (!open.contains(part)) {
      enter(*part);
      continue;
    }
    // Only a reference can lead back.
    const auto refers = [](const Step& on_way) { return on_way.schema->find("$ref") != nullptr; };
    return std::find_if(path.rbegin(), path.rend(), refers)->schema;
  }
  return nullptr;
}

}  // namespace shoal
