#include "store/file_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "files/model_file_names.h"
#include "files/weight_headers.h"
#include "store/content_hash.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// The version of the kept file; files of other versions are not read.
constexpr int64_t kept_format = 1;

// Files up to this size are read whole: that takes no longer than a few samples of a larger one.
constexpr int64_t small_file_bytes = 32 << 20;
constexpr int64_t sample_bytes = 4096;
constexpr int64_t least_samples = 64;
constexpr int64_t most_samples = 256;
constexpr int64_t bytes_per_sample = 64
                                     << 20;  // for files so large that this gives more than the least count
constexpr int64_t block_bytes = 4 << 20;

Result<void> add_range(const fs::path& path, int64_t begin, int64_t end, const std::stop_token& stop,
                       ContentHash& hash) {
  std::vector<std::byte> block;
  for (int64_t at = begin; at < end; at += block_bytes) {
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "asked to stop");
    block.resize(static_cast<size_t>(std::min(block_bytes, end - at)));
    if (auto read = os::read_file_range(path, at, block); !read) return read;
    hash.add(block);
  }
  return {};
}

Result<uint64_t> hash_range(const fs::path& path, int64_t begin, int64_t end,
                            const std::stop_token& stop = {}) {
  ContentHash hash;
  if (auto added = add_range(path, begin, end, stop, hash); !added) return fail(added.error());
  return hash.finish();
}

// A fixed pseudo-random number. Layers repeat, so samples at even distances would meet the same tensor in
// each.
uint64_t scatter(uint64_t index) {
  index = (index + 1) * 0x9e3779b97f4a7c15U;
  index = (index ^ (index >> 30)) * 0xbf58476d1ce4e5b9U;
  return index ^ (index >> 31);
}

// Takes one sample from each of `count` equal parts of [begin, end).
Result<uint64_t> hash_samples(const fs::path& path, int64_t begin, int64_t end) {
  const int64_t count = std::clamp((end - begin) / bytes_per_sample, least_samples, most_samples);
  const int64_t part = (end - begin) / count;
  ContentHash hash;
  for (int64_t i = 0; i < count; ++i) {
    const auto room = static_cast<uint64_t>(part - sample_bytes);
    const int64_t at = begin + i * part + static_cast<int64_t>(scatter(static_cast<uint64_t>(i)) % room);
    if (auto added = add_range(path, at, at + sample_bytes, {}, hash); !added) return fail(added.error());
  }
  return hash.finish();
}

// The offset at which the tensors' data begins.
template <class File>
int64_t data_begin(const File& file, int64_t file_bytes) {
  int64_t begin = file_bytes;
  for (const auto& tensor : file.tensors) begin = std::min(begin, tensor.offset);
  return begin;
}

// Whether a GGUF file is something else than a model.
bool is_companion(const GgufFile& file) {
  const std::string type = file.find_text("general.type").value_or("model");
  const std::string architecture = file.find_text("general.architecture").value_or("");
  return type != "model" || architecture.empty() || architecture == "clip" || file.tensors.empty();
}

// Checks a weight file's header and returns where it ends; 0 for other files.
Result<int64_t> read_header(const fs::path& path, FileFacts& facts) {
  const std::string name = path.filename().string();
  if (is_gguf_name(name)) {
    const auto file = open_gguf(path);
    if (!file) return fail(file.error());
    facts.is_companion = is_companion(*file);
    return data_begin(*file, facts.identity.bytes);
  }
  if (is_safetensors_name(name)) {
    const auto file = open_safetensors(path);
    if (!file) return fail(file.error());
    return data_begin(*file, facts.identity.bytes);
  }
  return 0;
}

Result<void> read_content(const fs::path& path, int64_t header_bytes, FileFacts& facts) {
  const auto header = hash_range(path, 0, header_bytes);
  if (!header) return fail(header.error());
  facts.header = *header;
  const int64_t end = facts.identity.bytes;
  const bool is_small = end - header_bytes <= small_file_bytes;
  const auto samples = is_small ? hash_range(path, header_bytes, end) : hash_samples(path, header_bytes, end);
  if (!samples) return fail(samples.error());
  facts.samples = *samples;
  if (is_small) {
    ContentHash both;
    both.add(*header);
    both.add(*samples);
    facts.whole = both.finish();
  }
  return {};
}

FileFacts find_facts(const fs::path& path, const os::FileIdentity& identity, bool with_samples) {
  FileFacts facts{.identity = identity, .problem = {}};
  const auto header_bytes = read_header(path, facts);
  if (!header_bytes) {
    facts.problem = header_bytes.error().message;
  } else if (with_samples) {
    if (auto read = read_content(path, *header_bytes, facts); !read) facts.problem = read.error().message;
  }
  return facts;
}

bool is_just_written(const os::FileIdentity& identity) {
  constexpr int64_t tick_ns = 50'000'000;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t age = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - identity.changed_ns;
  return age >= 0 && age < tick_ns;
}

// Numbers are written as texts, since not every JSON reader keeps 64 bits.
std::string as_text(uint64_t value) { return fmt::format("{:016x}", value); }

uint64_t number_in(const Json& entry, const char* key) {
  const auto member = entry.find(key);
  if (member == entry.end() || !member->is_string()) return 0;
  const auto& text = member->get_ref<const std::string&>();
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

Json format_facts(const FileFacts& facts) {
  Json entry = {{"bytes", as_text(static_cast<uint64_t>(facts.identity.bytes))},
                {"modified", as_text(static_cast<uint64_t>(facts.identity.modified_ns))},
                {"changed", as_text(static_cast<uint64_t>(facts.identity.changed_ns))},
                {"inode", as_text(facts.identity.inode)},
                {"header", as_text(facts.header)},
                {"samples", as_text(facts.samples)},
                {"whole", as_text(facts.whole)}};
  if (facts.is_companion) entry["is_companion"] = true;
  return entry;
}

FileFacts parse_facts(const Json& entry) {
  return {.identity = {.bytes = static_cast<int64_t>(number_in(entry, "bytes")),
                       .modified_ns = static_cast<int64_t>(number_in(entry, "modified")),
                       .changed_ns = static_cast<int64_t>(number_in(entry, "changed")),
                       .inode = number_in(entry, "inode")},
          .problem = {},
          .is_companion = entry.contains("is_companion"),
          .header = number_in(entry, "header"),
          .samples = number_in(entry, "samples"),
          .whole = number_in(entry, "whole")};
}

}  // namespace

FileFactsCache::FileFactsCache(fs::path kept_in) : kept_in_(std::move(kept_in)) {
  Entries kept = read_kept();
  const MutexLock lock(mutex_);
  entries_ = std::move(kept);
}

// Gives no entries if anything is wrong with the file.
FileFactsCache::Entries FileFactsCache::read_kept() const {
  Entries entries;
  if (kept_in_.empty()) return entries;
  const auto text = os::read_text_file(kept_in_);
  if (!text) return entries;
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", Json()) != kept_format) return entries;
  const auto files = json.find("files");
  if (files == json.end() || !files->is_object()) return entries;
  for (const auto& [path, entry] : files->items()) {
    if (entry.is_object()) entries.emplace(path, parse_facts(entry));
  }
  return entries;
}

FileFacts FileFactsCache::look_at(const fs::path& path) { return find(path, /*with_samples=*/false); }

FileFacts FileFactsCache::read_samples(const fs::path& path) { return find(path, /*with_samples=*/true); }

FileFacts FileFactsCache::find(const fs::path& path, bool with_samples) {
  const auto identity = os::file_identity(path);
  if (!identity) return FileFacts{.identity = {}, .problem = identity.error().message};
  {
    const MutexLock lock(mutex_);
    const auto known = entries_.find(path.string());
    const bool is_same = known != entries_.end() && known->second.identity == *identity;
    const bool is_enough =
        is_same && (!with_samples || known->second.samples != 0 || !known->second.problem.empty());
    if (is_enough) return known->second;
  }
  FileFacts facts = find_facts(path, *identity, with_samples);
  // A file's times tick slowly, so a change within the same tick would go unnoticed; such facts are not
  // remembered.
  if (is_just_written(*identity)) return facts;
  const MutexLock lock(mutex_);
  has_news_ = true;
  return entries_.insert_or_assign(path.string(), std::move(facts)).first->second;
}

Result<void> FileFactsCache::read_whole(const fs::path& path, const std::stop_token& stop) {
  const FileFacts before = read_samples(path);
  if (before.whole != 0 || !before.problem.empty()) return {};
  const auto whole = hash_range(path, 0, before.identity.bytes, stop);
  if (!whole) return fail(whole.error());
  // If the file was changed meanwhile, the hash is dropped and the next call reads it again.
  const auto identity = os::file_identity(path);
  if (!identity || *identity != before.identity) return {};
  const MutexLock lock(mutex_);
  FileFacts& facts = entries_[path.string()];
  if (facts.identity == before.identity) facts.whole = *whole;
  has_news_ = true;
  return {};
}

Result<void> FileFactsCache::keep() {
  Entries news;
  {
    const MutexLock lock(mutex_);
    if (!has_news_ || kept_in_.empty()) return {};
    has_news_ = false;
    news = entries_;
  }
  Entries all = read_kept();
  for (auto& [path, facts] : news) all.insert_or_assign(path, std::move(facts));
  Json files = Json::object();
  for (const auto& [path, facts] : all) {
    std::error_code error;
    if (facts.problem.empty() && fs::exists(path, error)) files[path] = format_facts(facts);
  }
  const Json json = {{"format", kept_format}, {"files", std::move(files)}};
  return os::write_text_file(kept_in_, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace shoal
