#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/os.h"
#include "templates/jinja/evaluator.h"

namespace shoal::jinja {
namespace {

struct Moment {
  std::tm fields;  // as a clock on the wall shows them
  int microseconds;
};

// Reads SHOAL_NOW: seconds since 1970 (the time is then UTC), or ISO 8601, whose fields are taken as they
// are.
bool parse_moment(const std::string& text, Moment& moment) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  const int read = std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used);
  if (read == 3) {
    std::sscanf(text.c_str() + used, "%*[T ]%2d:%2d:%lf", &hour, &minute, &second);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 ||
        !(second >= 0 && second < 61)) {
      return false;
    }
    moment.fields = {};
    moment.fields.tm_year = year - 1900;
    moment.fields.tm_mon = month - 1;
    moment.fields.tm_mday = day;
    moment.fields.tm_hour = hour;
    moment.fields.tm_min = minute;
    moment.fields.tm_sec = static_cast<int>(second);
    moment.microseconds = static_cast<int>((second - static_cast<int>(second)) * 1e6);
    std::tm copy = moment.fields;  // timegm fills in the day of the week and of the year
    timegm(&copy);
    moment.fields.tm_wday = copy.tm_wday;
    moment.fields.tm_yday = copy.tm_yday;
    return true;
  }
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(seconds >= 0 && seconds < 1e11)) return false;
  const auto whole = static_cast<std::time_t>(seconds);
  gmtime_r(&whole, &moment.fields);
  moment.microseconds = static_cast<int>((seconds - static_cast<double>(whole)) * 1e6);
  return true;
}

Moment now() {
  Moment moment{};
  if (const std::optional<std::string> fixed = os::environment("SHOAL_NOW")) {
    if (parse_moment(*fixed, moment)) return moment;
    give_up("SHOAL_NOW is '{}', which is neither seconds nor an ISO 8601 time", *fixed);
  }
  const auto clock = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(clock);
  localtime_r(&seconds, &moment.fields);
  moment.microseconds = static_cast<int>(
      std::chrono::duration_cast<std::chrono::microseconds>(clock.time_since_epoch()).count() % 1'000'000);
  return moment;
}

}  // namespace

std::string format_now(const std::string& format) {
  if (format.size() > 1000) give_up("a time format of {} bytes is too long", format.size());
  const Moment moment = now();
  std::string codes;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format.compare(i, 2, "%f") == 0) {
      codes += fmt::format("{:06}", moment.microseconds);
      ++i;
    } else if (format.compare(i, 2, "%z") == 0 || format.compare(i, 2, "%Z") == 0) {
      ++i;  // Python's clock has no time zone
    } else if (format[i] == '%' && i + 1 < format.size()) {
      codes += format.substr(i, 2);
      ++i;
    } else {
      codes += format[i];
    }
  }
  if (codes.empty()) return {};
  std::string out(codes.size() * 32 + 64, '\0');
  out.resize(std::strftime(out.data(), out.size(), codes.c_str(), &moment.fields));
  return out;
}

}  // namespace shoal::jinja
