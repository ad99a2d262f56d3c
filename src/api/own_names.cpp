#include "api/own_names.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "api/access.h"
#include "api/name_lookup.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/os.h"

namespace shoal {
namespace {

struct Name {
  OwnNames::Addresses addresses;
  OwnNames::Addresses own;  // this machine's addresses at the same time
  TimePoint until;
};

// The name is ours if all its addresses are this machine's or the client's and one of them is private. A name
// of the internet that changes its addresses is not.
OwnNames::Answer judge(const Name& name, const std::string& client) {
  const auto is_here = [&](const std::string& address) {
    return is_loopback_address(address) || address == client ||
           std::ranges::find(name.own, address) != name.own.end();
  };
  const bool is_own =
      std::ranges::all_of(name.addresses, is_here) && std::ranges::any_of(name.addresses, is_private_address);
  return is_own ? OwnNames::Answer::own : OwnNames::Answer::foreign;
}

OwnNames::Addresses addresses_of_this_machine() {
  OwnNames::Addresses addresses;
  for (os::InterfaceAddress& each : os::interface_addresses()) addresses.push_back(std::move(each.address));
  return addresses;
}

}  // namespace

struct OwnNames::State {
  struct Question {
    std::string client;
    std::function<void(Answer)> answer;
  };

  State(Sources its_sources, Limits its_limits) : sources(std::move(its_sources)), limits(its_limits) {}

  std::optional<Answer> find(const std::string& name, const std::string& client) REQUIRES(mutex);
  bool keep(const std::string& name, Question& question) REQUIRES(mutex);
  void look_up(const std::string& name);
  void make_room() REQUIRES(mutex);

  const Sources sources;
  const Limits limits;
  Mutex mutex;
  std::map<std::string, Name> known GUARDED_BY(mutex);
  std::map<std::string, std::vector<Question>> waiting GUARDED_BY(mutex);
  int64_t waiting_questions GUARDED_BY(mutex) = 0;
  ThreadLoop loop{"names"};
};

std::optional<OwnNames::Answer> OwnNames::State::find(const std::string& name, const std::string& client) {
  const auto found = known.find(name);
  if (found == known.end() || found->second.until < loop.now()) return std::nullopt;
  return judge(found->second, client);
}

bool OwnNames::State::keep(const std::string& name, Question& question) {
  const bool is_new = !waiting.contains(name);
  if (waiting_questions >= limits.waiting_questions) return false;
  if (is_new && (std::ssize(waiting) >= limits.waiting_names || !loop.post([this, name] { look_up(name); })))
    return false;
  ++waiting_questions;
  waiting[name].push_back(std::move(question));
  return true;
}

void OwnNames::State::look_up(const std::string& name) {
  Name found{.addresses = sources.look_up(name), .own = sources.own_addresses(), .until = {}};
  found.until = loop.now() + (found.addresses.empty() ? limits.lifetime_of_nothing : limits.lifetime);
  std::vector<Question> questions;
  {
    const MutexLock lock(mutex);
    questions = std::move(waiting[name]);
    waiting.erase(name);
    waiting_questions -= std::ssize(questions);
    known.insert_or_assign(name, found);
    make_room();
  }
  for (const Question& question : questions) question.answer(judge(found, question.client));
}

void OwnNames::State::make_room() {
  if (std::ssize(known) <= limits.known_names) return;
  known.erase(std::ranges::min_element(known, {}, [](const auto& entry) { return entry.second.until; }));
}

OwnNames::OwnNames(Sources sources, Limits limits)
    : state_(std::make_unique<State>(std::move(sources), limits)) {}
OwnNames::OwnNames() : OwnNames({.look_up = look_up_name, .own_addresses = addresses_of_this_machine}, {}) {}
OwnNames::~OwnNames() { state_->loop.stop(); }

void OwnNames::ask(const std::string& name, const std::string& client, std::function<void(Answer)> answer) {
  State::Question question{.client = client, .answer = std::move(answer)};
  std::optional<Answer> known;
  {
    const MutexLock lock(state_->mutex);
    known = state_->find(name, client);
    if (!known && state_->keep(name, question)) return;
  }
  question.answer(known.value_or(Answer::unknown));
}

}  // namespace shoal
