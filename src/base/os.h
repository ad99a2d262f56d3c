// The one seam to the operating system. os_linux.cpp stands behind it; nothing else includes system headers
// for files, memory, threads or processes. Sockets belong to net and api.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"

namespace shoal::os {

// A read-only view of a whole file, mapped, unmapped at destruction. Movable.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

Result<std::string> read_text_file(const std::filesystem::path& path);

// The folder is made where it is missing; others see the old file or the new one, never half of it.
Result<void> write_text_file(const std::filesystem::path& path, std::string_view text);

// Fills `target` from `offset` on by plain reads (no mapping, so the pages count for nobody's memory). An
// error when the file ends before.
Result<void> read_file_range(const std::filesystem::path& path, int64_t offset, std::span<std::byte> target);

// What changes when a file is written or replaced.
struct FileIdentity {
  int64_t bytes = 0;
  int64_t modified_ns = 0;  // of the content, since 1970
  int64_t changed_ns = 0;   // of content, owner, links
  uint64_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};
// Of the file that a symlink leads to. An error when it is no plain file.
Result<FileIdentity> file_identity(const std::filesystem::path& path);

// Zeroed anonymous memory in 2 MB pages where the system grants them. nullptr when there is none.
std::byte* allocate_pages(int64_t size);
void free_pages(std::byte* pages, int64_t size);

struct MemoryStatus {
  int64_t total_bytes;
  int64_t available_bytes;  // what can be taken without swapping, page cache included
};
MemoryStatus memory_status();  // the machine's

// A limit on this process that is narrower than the machine: of a control group, or set with ulimit.
struct MemoryLimit {
  std::string name;   // for people: where it is set
  std::string group;  // the same for all processes of this machine that share it; empty: this process's alone
  int64_t limit_bytes;
  int64_t free_bytes;
};
std::vector<MemoryLimit> memory_limits();

// What has been freed goes back to the system, which malloc would rather keep.
void give_back_memory();
// From now on what is freed of a large size goes back at once.
void keep_large_memory_apart();

// Of this process.
int64_t peak_resident_bytes();

// How many processors this process may keep busy: its affinity mask's and its control groups' quota, rounded
// up. At least one.
int64_t processor_count();

// Whether a control group limits its processors' time, so that time spent on nothing is lost to work.
bool processor_time_is_limited();

std::string host_name();

// The addresses of this machine's interfaces that are up, loopback included.
struct InterfaceAddress {
  std::string interface;
  std::string address;  // IPv4 or IPv6, without zone
};
std::vector<InterfaceAddress> interface_addresses();

// The same for all processes of one machine until it is started again, containers and namespaces included.
std::string machine_id();
std::string processor_name();

void set_thread_name(const std::string& name);

// The calling thread gets only what no other thread of the system wants. False where there is no such thing.
bool run_only_when_idle();

// Flush-to-zero and denormals-are-zero off, rounding to nearest: what the arithmetic of this thread relies
// on.
void set_float_environment();

// A folder that nobody but this user can read, for what the processes of one machine tell each other. Made
// where it is missing; an error where it is somebody else's.
Result<std::filesystem::path> user_folder();

// A file that others take for there only while this lives: they see when its process was killed. Movable.
class LivingFile {
 public:
  static Result<LivingFile> create(std::filesystem::path path, std::string_view text);
  LivingFile(LivingFile&& other) noexcept;
  LivingFile& operator=(LivingFile&&) = delete;
  ~LivingFile();  // removes it

  // nullopt: it is not there, or what is there was left by a process that was killed; that is removed.
  static std::optional<std::string> read(const std::filesystem::path& path);

 private:
  LivingFile(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::filesystem::path path_;
  int descriptor_;  // holds the lock
};

// This user's home: HOME, else what the password file says, else a folder of this user's alone.
std::filesystem::path home_folder();

// "~", "~/x" and "~user/x" as shells read them, for paths that no shell has seen.
std::filesystem::path expand_home(std::string_view path);

// What is printed waits until there is room: where the caller made a pipe or terminal non-blocking, it would
// be cut otherwise. (That the standard streams are open at all is seen to before main.)
void make_standard_streams_wait();

// As many open files as the system lets this process have: each connection is one. resource_exhausted where
// they are fewer than `least`.
Result<void> raise_open_file_limit(int64_t least);

// What a thread's constructor throws where the system gives none, as an error.
Error no_more_threads(const std::system_error& error);

// Whether so many threads could be started now; they were, and have ended. resource_exhausted otherwise.
Result<void> check_thread_room(int64_t count);

// An allocation that fails ends the process with a word and a status instead of an abort.
void end_where_memory_is_out();
// The same, where a library has told that it got no memory.
[[noreturn]] void end_for_want_of_memory();

// The next line of standard input without its end; nullopt at its end, or when asked to stop meanwhile.
std::optional<std::string> read_line(std::stop_token stop);

int64_t process_id();
std::optional<std::string> environment(const char* name);
std::vector<std::string> environment_names();
bool stdout_is_terminal();
bool stdin_is_terminal();
bool stderr_is_terminal();

// SIGINT and SIGTERM end this process from now on, even where it is the first one of a container, which the
// system would spare. What ignores them goes on doing so.
void end_on_signals();

// While one lives, SIGINT and SIGTERM ask `source` to stop instead of ending the process; a second one ends
// it, and so does the passing of `patience` after the first. Made before any other thread is started, so that
// these inherit its signal mask.
class SignalWatch {
 public:
  explicit SignalWatch(std::stop_source source, std::chrono::seconds patience = std::chrono::seconds(15));
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::jthread thread_;
};

// Random bits from the system.
uint64_t random_bits();

}  // namespace shoal::os
