// The one seam to the operating system, implemented in *_linux.cpp; nothing else includes system headers for
// files, memory, threads or processes. Sockets belong to net and api. Functions on files fail with
// not_found, permission_denied or unavailable, besides the errors that each names.
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

// A read-only view of a whole file, unmapped at destruction. Movable.
class MappedFile {
 public:
  // invalid_argument when the path is no plain file.
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

// invalid_argument when the path is a folder.
Result<std::string> read_text_file(const std::filesystem::path& path);

// Makes the folder if it is missing. Other processes see the old file or the new one, never half of it.
Result<void> write_text_file(const std::filesystem::path& path, std::string_view text);

// Fills `target` from byte `offset` on by plain reads: no mapping, so the pages count for nobody's memory.
// corrupt_data when the file ends before `target` is full.
Result<void> read_file_range(const std::filesystem::path& path, int64_t offset, std::span<std::byte> target);

// Changes whenever a file is written or replaced.
struct FileIdentity {
  int64_t bytes = 0;
  int64_t modified_ns = 0;  // of the content, ns since 1970
  int64_t changed_ns = 0;   // of content, owner, links
  uint64_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};
// Follows symlinks. invalid_argument when the path is no plain file.
Result<FileIdentity> file_identity(const std::filesystem::path& path);

// Zeroed anonymous memory of `size` bytes, in 2 MB pages where the system grants them. nullptr when the
// system has none, or for size 0.
std::byte* allocate_pages(int64_t size);
void free_pages(std::byte* pages, int64_t size);

struct MemoryStatus {
  int64_t total_bytes;
  int64_t available_bytes;  // what can be taken without swapping, page cache included
};
MemoryStatus memory_status();  // of the whole machine

// A limit on this process that is narrower than the machine, set by a control group or with ulimit.
struct MemoryLimit {
  std::string name;   // where it is set, for people
  std::string group;  // the same for all processes that share the limit; empty: it is this process's alone
  int64_t limit_bytes;
  int64_t free_bytes;
};
std::vector<MemoryLimit> memory_limits();

// Returns freed memory to the system; malloc would rather keep it.
void give_back_memory();
// From now on, large blocks of memory go back to the system as soon as they are freed.
void keep_large_memory_apart();

// The most memory that this process has held so far.
int64_t peak_resident_bytes();

// How many processors this process may keep busy, at least 1: those of its affinity mask, but no more than
// its control groups' quota, rounded up.
int64_t processor_count();

// Whether a control group limits this process's processor time, so that time spent spinning is lost to work.
bool processor_time_is_limited();

std::string host_name();

// The addresses of this machine's interfaces that are up, loopback included.
struct InterfaceAddress {
  std::string interface;
  std::string address;  // IPv4 or IPv6, without zone
};
std::vector<InterfaceAddress> interface_addresses();

// Identifies the machine until it is rebooted: the same for all its processes, in containers and namespaces
// too.
std::string machine_id();
std::string processor_name();

void set_thread_name(const std::string& name);

// Gives the calling thread only the time that no other thread of the system wants. False where the system
// cannot.
bool run_only_when_idle();

// Sets what our arithmetic relies on, for the calling thread: round to nearest, and denormals kept
// (flush-to-zero and denormals-are-zero off).
void set_float_environment();

// A folder that only this user can read, where the processes of one machine leave notes for each other. Made
// when it is missing; permission_denied when somebody else owns it or can read it.
Result<std::filesystem::path> user_folder();

// A file that counts as existing only while this object lives: readers notice when its process was killed.
// Movable.
class LivingFile {
 public:
  static Result<LivingFile> create(std::filesystem::path path, std::string_view text);
  LivingFile(LivingFile&& other) noexcept;
  LivingFile& operator=(LivingFile&&) = delete;
  ~LivingFile();  // removes the file

  // nullopt: there is no such file, or a killed process left it; read() then removes it.
  static std::optional<std::string> read(const std::filesystem::path& path);

 private:
  LivingFile(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::filesystem::path path_;
  int descriptor_;  // holds the lock
};

// This user's home: HOME, else the home in the password file, else user_folder().
std::filesystem::path home_folder();

// Expands "~", "~/x" and "~user/x" as shells do, for paths that no shell has seen.
std::filesystem::path expand_home(std::string_view path);

// Lets writes to stdout and stderr wait until there is room. Where the caller made the pipe or terminal
// non-blocking, output would be cut off otherwise. (That the streams are open at all is seen to before main.)
void make_standard_streams_wait();

// Raises the limit of open files as far as the system lets this process: each connection is one.
// resource_exhausted when the limit stays below `least`.
Result<void> raise_open_file_limit(int64_t least);

// What std::thread's constructor throws when the system gives no thread, as an error of ours.
Error no_more_threads(const std::system_error& error);

// Whether `count` more threads can be started: starts them and lets them end. resource_exhausted when they
// cannot.
Result<void> check_thread_room(int64_t count);

// From now on, a failed allocation ends the process with a message and a status instead of an abort.
void end_where_memory_is_out();
// Ends the process in the same way, for a library that reported that it got no memory.
[[noreturn]] void end_for_want_of_memory();

// The next line of standard input without its line end; nullopt at the end of the input, or when `stop` is
// requested.
std::optional<std::string> read_line(std::stop_token stop);

int64_t process_id();
std::optional<std::string> environment(const char* name);
std::vector<std::string> environment_names();
bool stdout_is_terminal();
bool stdin_is_terminal();
bool stderr_is_terminal();

// From now on SIGINT and SIGTERM end this process even when it is the first of a container, which the system
// would spare. A signal that is ignored stays ignored.
void end_on_signals();

// While one lives, the first SIGINT or SIGTERM asks `source` to stop instead of ending the process. The
// process ends at the second one, or when `patience` has passed since the first. Make it before any other
// thread is started, so that these inherit its signal mask. Throws std::system_error when the system gives no
// thread.
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
