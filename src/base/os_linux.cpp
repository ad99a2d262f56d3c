#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <fmt/format.h>

#include "base/check.h"
#include "base/control_groups.h"
#include "base/os.h"

namespace shoal::os {
namespace {

ErrorCode code_of_errno(int error) {
  switch (error) {
    case ENOENT: return ErrorCode::not_found;
    case EACCES:
    case EPERM: return ErrorCode::permission_denied;
    default: return ErrorCode::unavailable;
  }
}

std::unexpected<Error> fail_with_errno(std::string_view what, const std::filesystem::path& path) {
  const int error = errno;
  return fail(code_of_errno(error), fmt::format("{} {}: {}", what, path.string(), std::strerror(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

Descriptor open_for_reading(const std::filesystem::path& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::optional<std::string> file_text(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return std::nullopt;
  return *std::move(text);
}

// The bytes that the line "key: N kB" of a /proc file's text tells; 0 when there is no such line.
int64_t kilobytes_in(const std::optional<std::string>& text, std::string_view key) {
  std::istringstream file(text.value_or(""));
  std::string line;
  while (std::getline(file, line)) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ':') {
      return std::strtoll(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
    }
  }
  return 0;
}

constexpr int64_t huge_page_bytes = 2 << 20;

int64_t round_to_pages(int64_t size) { return (size + 4095) / 4096 * 4096; }

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor file = open_for_reading(path);
  if (file.value() < 0) return fail_with_errno("cannot open", path);
  struct stat status{};
  if (::fstat(file.value(), &status) != 0) return fail_with_errno("cannot read", path);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} is not a file", path.string()));
  }
  if (status.st_size == 0) return MappedFile(std::span<const std::byte>());
  void* address =
      ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_SHARED, file.value(), 0);
  if (address == MAP_FAILED) return fail_with_errno("cannot map", path);
  return MappedFile(std::span(static_cast<const std::byte*>(address), static_cast<size_t>(status.st_size)));
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<std::string> read_text_file(const std::filesystem::path& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} is a folder, not a file", path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_with_errno("cannot open", path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file.good() && !file.eof()) return fail_with_errno("cannot read", path);
  return std::move(text).str();
}

Result<void> write_text_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const std::filesystem::path beside = fmt::format("{}.{:016x}", path.string(), random_bits());
  {
    std::ofstream file(beside, std::ios::binary);
    if (!file) return fail_with_errno("cannot write", beside);
    file << text;
    file.flush();
    if (!file) {
      const auto failed = fail_with_errno("cannot write", beside);
      std::filesystem::remove(beside, error);
      return failed;
    }
  }
  std::filesystem::rename(beside, path, error);
  if (!error) return {};
  const std::string why = error.message();
  std::filesystem::remove(beside, error);
  return fail(ErrorCode::unavailable, fmt::format("cannot write {}: {}", path.string(), why));
}

Result<void> read_file_range(const std::filesystem::path& path, int64_t offset, std::span<std::byte> target) {
  const Descriptor file = open_for_reading(path);
  if (file.value() < 0) return fail_with_errno("cannot open", path);
  size_t done = 0;
  while (done < target.size()) {
    const ssize_t count = ::pread(file.value(), target.data() + done, target.size() - done,
                                  offset + static_cast<int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_with_errno("cannot read", path);
    if (count == 0) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("{} ends at byte {}, {} bytes at {} were expected", path.string(),
                              offset + static_cast<int64_t>(done), target.size(), offset));
    }
    done += static_cast<size_t>(count);
  }
  return {};
}

Result<FileIdentity> file_identity(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail_with_errno("cannot read", path);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} is not a file", path.string()));
  }
  const auto nanoseconds = [](const timespec& time) {
    return int64_t{time.tv_sec} * 1'000'000'000 + int64_t{time.tv_nsec};
  };
  return FileIdentity{.bytes = status.st_size,
                      .modified_ns = nanoseconds(status.st_mtim),
                      .changed_ns = nanoseconds(status.st_ctim),
                      .inode = status.st_ino};
}

std::byte* allocate_pages(int64_t size) {
  CHECK(size >= 0);
  // Asks for one huge page more, so that the start can be aligned, and gives the rest back.
  const int64_t rounded = round_to_pages(size);
  if (rounded == 0) return nullptr;
  const int64_t slack = size < huge_page_bytes ? 0 : huge_page_bytes;
  void* address = ::mmap(nullptr, static_cast<size_t>(rounded + slack), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(address);
  if (slack == 0) return begin;
  const auto misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(begin) % huge_page_bytes);
  const int64_t front = misaligned == 0 ? 0 : huge_page_bytes - misaligned;
  if (front > 0) ::munmap(begin, static_cast<size_t>(front));
  if (slack - front > 0) ::munmap(begin + front + rounded, static_cast<size_t>(slack - front));
  // Asks for whole huge pages only: with one for the tail, a matrix of 2.1 MB would take 4 MB.
  ::madvise(begin + front, static_cast<size_t>(rounded / huge_page_bytes * huge_page_bytes), MADV_HUGEPAGE);
  return begin + front;
}

void free_pages(std::byte* pages, int64_t size) {
  if (pages == nullptr) return;
  ::munmap(pages, static_cast<size_t>(round_to_pages(size)));
}

MemoryStatus memory_status() {
  const auto text = file_text("/proc/meminfo");
  return {.total_bytes = kilobytes_in(text, "MemTotal"),
          .available_bytes = kilobytes_in(text, "MemAvailable")};
}

void give_back_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

void keep_large_memory_apart() {
#if defined(__GLIBC__)
  ::mallopt(M_MMAP_THRESHOLD,
            4 << 20);  // a fixed threshold; glibc's own grows with each large block that is freed
#endif
}

int64_t peak_resident_bytes() { return kilobytes_in(file_text("/proc/self/status"), "VmHWM"); }

std::vector<MemoryLimit> memory_limits() {
  std::vector<MemoryLimit> limits;
  for (GroupMemory& group : group_memory(file_text)) {
    struct stat folder{};
    if (::stat(group.folder.c_str(), &folder) != 0) continue;
    // The folder's inode number is the same in every namespace; its path is not.
    limits.push_back({.name = fmt::format("the control group {}", group.folder),
                      .group = fmt::format("{:x}-{:x}", folder.st_dev, folder.st_ino),
                      .limit_bytes = group.limit_bytes,
                      .free_bytes = group.free_bytes});
  }
  const auto add = [&limits](std::string_view name, auto resource, std::string_view used_key) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur >= static_cast<rlim_t>(INT64_MAX)) return;
    const auto bytes = static_cast<int64_t>(limit.rlim_cur);
    const int64_t used = kilobytes_in(file_text("/proc/self/status"), used_key);
    limits.push_back({.name = std::string(name),
                      .group = {},
                      .limit_bytes = bytes,
                      .free_bytes = std::max<int64_t>(bytes - used, 0)});
  };
  add("ulimit -v", RLIMIT_AS, "VmSize");
  add("ulimit -d", RLIMIT_DATA, "VmData");
  return limits;
}

int64_t processor_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // The call fails on a machine with more processors than the set holds; then all that are online count.
  const bool is_known = ::sched_getaffinity(0, sizeof(set), &set) == 0;
  const int64_t count = is_known ? CPU_COUNT(&set) : ::sysconf(_SC_NPROCESSORS_ONLN);
  const auto quota = group_processors(file_text);
  const int64_t share = quota ? static_cast<int64_t>(std::ceil(std::min(*quota, 1e6))) : count;
  return std::max<int64_t>(std::min(count, share), 1);
}

bool processor_time_is_limited() { return group_processors(file_text).has_value(); }

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0) return "unknown";
  return name;
}

std::vector<InterfaceAddress> interface_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  std::vector<InterfaceAddress> found;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const void* bytes =
        family == AF_INET
            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr)
            : &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(family, bytes, text.data(), text.size()) == nullptr) continue;
    found.push_back({.interface = entry->ifa_name, .address = text.data()});
  }
  return found;
}

std::string machine_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? host_name() : id;
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

void set_thread_name(const std::string& name) { ::prctl(PR_SET_NAME, name.substr(0, 15).c_str()); }

bool run_only_when_idle() {
  constexpr sched_param none = {};
  return ::sched_setscheduler(0, SCHED_IDLE, &none) == 0;
}

void set_float_environment() {
  std::fesetround(FE_TONEAREST);
#if defined(__x86_64__)
  constexpr unsigned flush_to_zero = 0x8000;
  constexpr unsigned denormals_are_zero = 0x0040;
  _mm_setcsr(_mm_getcsr() & ~(flush_to_zero | denormals_are_zero));
#endif
}

int64_t process_id() { return ::getpid(); }

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool stdin_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }
bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

Result<std::filesystem::path> user_folder() {
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path(error) / fmt::format("shoal-{}", ::getuid());
  if (error)
    return fail(ErrorCode::not_found, fmt::format("no folder for temporary files: {}", error.message()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_with_errno("cannot make", folder);
  struct stat found{};
  if (::lstat(folder.c_str(), &found) != 0) return fail_with_errno("cannot look at", folder);
  if (!S_ISDIR(found.st_mode) || found.st_uid != ::getuid() || (found.st_mode & 077) != 0) {
    return fail(ErrorCode::permission_denied, fmt::format("{} is not this user's alone", folder.string()));
  }
  return folder;
}

Result<LivingFile> LivingFile::create(std::filesystem::path path, std::string_view text) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return fail_with_errno("cannot make", path);
  LivingFile file(std::move(path), descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return fail_with_errno("cannot lock", file.path_);
  if (::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_with_errno("cannot write", file.path_);
  }
  return file;
}

LivingFile::LivingFile(LivingFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

LivingFile::~LivingFile() {
  if (descriptor_ < 0) return;
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

std::optional<std::string> LivingFile::read(const std::filesystem::path& path) {
  const Descriptor file = open_for_reading(path);
  if (file.value() < 0) return std::nullopt;
  auto text = read_text_file(path);
  // An empty file may belong to a process that has not locked it yet.
  if (!text || text->empty()) return std::nullopt;
  if (::flock(file.value(), LOCK_SH | LOCK_NB) == 0) {
    ::unlink(path.c_str());
    return std::nullopt;
  }
  return *std::move(text);
}

std::optional<std::string> read_line(std::stop_token stop) {
  constexpr int look_again_ms = 100;
  static std::string waiting;  // read from the input, but not returned yet
  while (!stop.stop_requested()) {
    if (const size_t end = waiting.find('\n'); end != std::string::npos) {
      std::string line = waiting.substr(0, end);
      waiting.erase(0, end + 1);
      return line;
    }
    pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, look_again_ms) <= 0) continue;
    char bytes[4096];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) {
      waiting.append(bytes, static_cast<size_t>(count));
      continue;
    }
    if (waiting.empty()) return std::nullopt;
    return std::exchange(waiting, {});
  }
  return std::nullopt;
}

uint64_t random_bits() {
  uint64_t bits = 0;
  CHECK(::getrandom(&bits, sizeof(bits), 0) == sizeof(bits));
  return bits;
}

}  // namespace shoal::os
