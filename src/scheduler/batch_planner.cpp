#include "scheduler/batch_planner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal {

BatchPlanner::BatchPlanner(const Settings& settings)
    : settings_(settings), times_(settings.limits.stage_count), account_(settings.limits) {}

SequenceId BatchPlanner::add(std::unique_ptr<Sequence> sequence) {
  const SequenceId id = ++last_id_;
  entries_[id].sequence = std::move(sequence);
  waiting_.insert(id);
  return id;
}

bool BatchPlanner::remove(SequenceId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  if (active_.erase(id) > 0) vacate(found->second);
  waiting_.erase(id);
  entries_.erase(found);
  return true;
}

std::optional<Step> BatchPlanner::next() {
  admit();
  if (std::ssize(in_flight_) >= depth()) return std::nullopt;
  Step step;
  StepInFlight record{.row_count = 0, .decodes = false, .owners = {}};
  add_decode_rows(step, record);
  add_prefill_rows(step, record);
  // A step that only releases slots is made when the ring is idle; otherwise the releases go with the next
  // rows.
  if (record.row_count == 0 && (!account_.has_releases() || !in_flight_.empty())) return std::nullopt;
  step.batch.released_slots = account_.take_releases();
  if (record.decodes) ++decode_steps_in_flight_;
  in_flight_.push_back(std::move(record));
  return step;
}

std::vector<LogitOwner> BatchPlanner::finish_step(const std::vector<StageTiming>& timings) {
  CHECK(!in_flight_.empty());
  const StepInFlight record = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (record.decodes) --decode_steps_in_flight_;
  times_.record(record.row_count, timings);
  return record.owners;
}

Sequence* BatchPlanner::find(const LogitOwner& owner) {
  const auto found = entries_.find(owner.sequence);
  return found != entries_.end() && found->second.run == owner.run ? found->second.sequence.get() : nullptr;
}

Sequence* BatchPlanner::find(SequenceId id) {
  const auto found = entries_.find(id);
  return found != entries_.end() ? found->second.sequence.get() : nullptr;
}

int64_t BatchPlanner::active_limit() const {
  return std::min({settings_.active_limit, settings_.limits.row_limit, settings_.limits.slot_limit});
}

std::vector<SequenceId> BatchPlanner::all() const {
  std::vector<SequenceId> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

// How many steps may be in flight. With one stage a second step would only make the next token wait. Several
// stages are kept busy by one step each and one on its way between them; prefill alone fills the window,
// because then no token waits.
int64_t BatchPlanner::depth() const {
  const int64_t stages = settings_.limits.stage_count;
  if (stages == 1) return 1;
  const bool decodes =
      std::ranges::any_of(active_, [&](SequenceId id) { return entries_.at(id).rows_left() <= 1; });
  return decodes ? std::min(settings_.window, stages + 1) : settings_.window;
}

// Admits sequences in order of arrival. The pages of the whole prompt are taken at once, so that two half
// prefilled sequences never wait for each other; one page for each active sequence is left for it to grow.
void BatchPlanner::admit() {
  while (!waiting_.empty() && std::ssize(active_) < active_limit() && account_.has_free_slot()) {
    const SequenceId id = *waiting_.begin();
    Entry& entry = entries_.at(id);
    const int64_t pages = account_.pages_of(entry.sequence->token_count());
    if (pages > settings_.limits.page_capacity) {
      waiting_.erase(waiting_.begin());
      stranded_.push_back(id);
      continue;
    }
    const int64_t growth = std::ssize(active_);
    if (pages + growth > account_.free_pages()) return;
    entry.slot = account_.take_slot(pages);
    entry.pages = pages;
    entry.kv_length = 0;
    entry.chunk_rows = times_.prefill_chunk(entry.rows_left(), settings_.prefill_chunk);
    waiting_.erase(waiting_.begin());
    active_.insert(id);
  }
}

void BatchPlanner::add_decode_rows(Step& step, StepInFlight& record) {
  std::vector<SequenceId> ready;
  int64_t decoding = 0;
  for (const SequenceId id : active_) {
    const int64_t rows_left = entries_.at(id).rows_left();
    if (rows_left <= 1) ++decoding;
    if (rows_left == 1) ready.push_back(id);
  }
  const int64_t sets = times_.decode_sets(decoding);
  if (decode_steps_in_flight_ >= sets) return;
  const int64_t set_size = (decoding + sets - 1) / sets;
  for (const SequenceId id : ready) {
    if (record.row_count == set_size) return;
    if (!active_.contains(id)) continue;  // it was preempted for an older one
    Entry& entry = entries_.at(id);
    if (!make_room(id, entry)) continue;
    add_rows(id, entry, 1, step, record);
    record.decodes = true;
  }
}

void BatchPlanner::add_prefill_rows(Step& step, StepInFlight& record) {
  int64_t rows_free = settings_.limits.row_limit - record.row_count;
  bool is_first = true;
  for (const SequenceId id : prefilling_in_turn()) {
    Entry& entry = entries_.at(id);
    if (std::exchange(is_first, false)) rows_free = std::min(rows_free, entry.chunk_rows);
    if (rows_free == 0) return;
    const int64_t rows = std::min(rows_free, entry.rows_left());
    add_rows(id, entry, rows, step, record);
    rows_free -= rows;
    last_prefilled_ = id;
  }
}

void BatchPlanner::add_rows(SequenceId id, Entry& entry, int64_t rows, Step& step, StepInFlight& record) {
  step.batch.sequences.push_back({.slot = entry.slot, .keep_length = entry.kv_length, .row_count = rows});
  for (int64_t i = 0; i < rows; ++i) step.tokens.push_back(entry.sequence->token_at(entry.kv_length + i));
  entry.kv_length += rows;
  record.row_count += rows;
  if (entry.rows_left() > 0) return;
  step.logit_rows.push_back(static_cast<int32_t>(record.row_count - 1));
  record.owners.push_back({.sequence = id, .run = entry.run});
}

// Takes the page that the next row of `id` needs, from the youngest sequence if no page is free. False when
// `id` itself is the youngest, which then waits until others have ended, and when even all pages would not be
// enough.
bool BatchPlanner::make_room(SequenceId id, Entry& entry) {
  const int64_t pages = account_.pages_of(entry.kv_length + 1);
  if (pages > settings_.limits.page_capacity) {
    vacate(entry);
    active_.erase(id);
    stranded_.push_back(id);
    return false;
  }
  while (pages - entry.pages > account_.free_pages()) {
    const SequenceId youngest = *active_.rbegin();
    preempt(youngest);
    if (youngest == id) return false;
  }
  account_.take_pages(std::max<int64_t>(pages - entry.pages, 0));
  entry.pages = std::max(pages, entry.pages);
  return true;
}

// The sequence's tokens are prefilled again when there is room; its steps in flight are not wanted any more.
void BatchPlanner::preempt(SequenceId id) {
  Entry& entry = entries_.at(id);
  vacate(entry);
  ++entry.run;
  active_.erase(id);
  waiting_.insert(id);
  ++preemption_count_;
}

void BatchPlanner::vacate(Entry& entry) {
  account_.release(entry.slot, entry.pages,
                   entry.kv_length > 0 ? KvAccount::Sent::rows : KvAccount::Sent::nothing);
  entry.slot = -1;
  entry.pages = 0;
  entry.kv_length = 0;
}

// Round robin: sequences behind the one that was served last come first.
std::vector<SequenceId> BatchPlanner::prefilling_in_turn() const {
  std::vector<SequenceId> ids;
  for (const SequenceId id : active_) {
    if (entries_.at(id).rows_left() > 1) ids.push_back(id);
  }
  std::ranges::rotate(ids, std::ranges::upper_bound(ids, last_prefilled_));
  return ids;
}

}  // namespace shoal
