// Decides which rows go into the next step: admission against slots and pages, decode first, prefill in
// turns, preemption. Only the scheduler's loop uses it; pure except for the measured times that it is told.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ring/ring.h"
#include "scheduler/kv_account.h"
#include "scheduler/sequence.h"
#include "scheduler/stage_times.h"

namespace shoal {

// Ids are given in the order of arrival: the lower, the older.
using SequenceId = uint64_t;

// The sequence that a row of logits belongs to. Preemption gives the sequence a new run; logits of an earlier
// run are not wanted.
struct LogitOwner {
  SequenceId sequence;
  uint64_t run;
};

class BatchPlanner {
 public:
  struct Settings {
    RingLimits limits;
    int64_t window;
    int64_t active_limit;
    int64_t prefill_chunk;
  };

  explicit BatchPlanner(const Settings& settings);

  SequenceId add(std::unique_ptr<Sequence> sequence);
  // Removes a sequence that is finished or cancelled; false when there is no such sequence.
  bool remove(SequenceId id);

  // Makes the next step, which then counts as in flight; nullopt when nothing can be done before the oldest
  // step in flight is done.
  std::optional<Step> next();

  // Records that the oldest step in flight is done. Returns the owner of each row of its logits.
  std::vector<LogitOwner> finish_step(const std::vector<StageTiming>& timings);

  // Null when the sequence is gone or, with an owner, was preempted since.
  Sequence* find(const LogitOwner& owner);
  Sequence* find(SequenceId id);

  // Sequences that need more pages than the whole ring has. They are never planned again; the caller removes
  // them.
  std::vector<SequenceId> take_stranded() { return std::exchange(stranded_, {}); }

  std::vector<SequenceId> all() const;
  int64_t active_limit() const;  // the most sequences that are planned together
  int64_t waiting_count() const { return std::ssize(waiting_); }
  int64_t active_count() const { return std::ssize(active_); }
  int64_t used_pages() const { return account_.used_pages(); }
  int64_t preemption_count() const { return preemption_count_; }

 private:
  struct Entry {
    std::unique_ptr<Sequence> sequence;
    uint64_t run = 0;
    // These four count while the sequence is active.
    int32_t slot = -1;
    int64_t pages = 0;
    int64_t kv_length = 0;  // rows sent, whether done or not
    int64_t chunk_rows = 0;

    int64_t rows_left() const { return sequence->token_count() - kv_length; }
  };
  struct StepInFlight {
    int64_t row_count;
    bool decodes;
    std::vector<LogitOwner> owners;
  };

  int64_t depth() const;
  void admit();
  void add_decode_rows(Step& step, StepInFlight& record);
  void add_prefill_rows(Step& step, StepInFlight& record);
  void add_rows(SequenceId id, Entry& entry, int64_t rows, Step& step, StepInFlight& record);
  bool make_room(SequenceId id, Entry& entry);
  void preempt(SequenceId id);
  void vacate(Entry& entry);
  std::vector<SequenceId> prefilling_in_turn() const;

  const Settings settings_;
  StageTimes times_;
  KvAccount account_;
  std::map<SequenceId, Entry> entries_;
  std::set<SequenceId> waiting_;
  std::set<SequenceId> active_;
  std::deque<StepInFlight> in_flight_;
  std::vector<SequenceId> stranded_;
  SequenceId last_id_ = 0;
  SequenceId last_prefilled_ = 0;
  int64_t decode_steps_in_flight_ = 0;
  int64_t preemption_count_ = 0;
};

}  // namespace shoal
