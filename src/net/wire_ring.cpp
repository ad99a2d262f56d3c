#include <algorithm>
#include <bit>
#include <utility>

#include "net/wire.h"
#include "net/wire_cluster.h"
#include "net/wire_message.h"

namespace shoal {
namespace {

constexpr int64_t sequence_limit = 1 << 20;
constexpr int64_t row_limit = 1 << 24;
constexpr int64_t position_limit = int64_t{1} << 40;
static_assert(std::endian::native == std::endian::little, "hidden states travel as they lie in memory");

void write_timings(const std::vector<StageTiming>& timings, wire::RingFrame& out) {
  for (const StageTiming& timing : timings) {
    wire::StageTiming& timing_out = *out.add_timings();
    timing_out.set_node(timing.node);
    timing_out.set_begin_ns(timing.begin_ns);
    timing_out.set_end_ns(timing.end_ns);
  }
}

std::vector<StageTiming> read_timings(const wire::RingFrame& in, WireChecks& checks) {
  checks.count(in.timings_size(), node_limit, "timings");
  std::vector<StageTiming> timings;
  if (!checks.ok()) return timings;
  for (const wire::StageTiming& timing : in.timings()) {
    timings.push_back({.node = checks.id(timing.node(), "timings.node"),
                       .begin_ns = timing.begin_ns(),
                       .end_ns = timing.end_ns()});
  }
  return timings;
}

template <class Message>
void write_address(const Message& message, wire::RingFrame& out) {
  out.set_instance(message.instance);
  write(message.epoch, *out.mutable_epoch());
  out.set_number(message.number);
}

struct RingFrameWriter {
  wire::RingFrame& out;

  std::vector<float> operator()(StepMessage& message) {
    write_address(message, out);
    wire::StepMessage& step = *out.mutable_step();
    for (const SequenceRows& sequence : message.batch.sequences) {
      wire::SequenceRows& sequence_out = *step.add_sequences();
      sequence_out.set_slot(sequence.slot);
      sequence_out.set_keep_length(sequence.keep_length);
      sequence_out.set_row_count(sequence.row_count);
    }
    step.mutable_released_slots()->Assign(message.batch.released_slots.begin(),
                                          message.batch.released_slots.end());
    step.mutable_result_rows()->Assign(message.result_rows.begin(), message.result_rows.end());
    write_timings(message.timings, out);
    return std::move(message.hidden);
  }
  std::vector<float> operator()(StepResult& message) {
    write_address(message, out);
    out.mutable_result();
    write_timings(message.timings, out);
    return std::move(message.hidden);
  }
  std::vector<float> operator()(StepFailure& message) {
    write_address(message, out);
    out.mutable_failure()->set_node(message.node);
    write(message.error, *out.mutable_failure()->mutable_error());
    return {};
  }
};

StepBatch read_batch(const wire::StepMessage& in, WireChecks& checks) {
  checks.count(in.sequences_size(), sequence_limit, "step.sequences");
  checks.count(in.released_slots_size(), sequence_limit, "step.released_slots");
  StepBatch batch;
  if (!checks.ok()) return batch;
  std::vector<int32_t> slots;
  int64_t rows = 0;
  for (const wire::SequenceRows& sequence : in.sequences()) {
    checks.within(sequence.slot(), 0, sequence_limit, "step.sequences.slot");
    checks.within(sequence.keep_length(), 0, position_limit, "step.sequences.keep_length");
    rows += checks.within(sequence.row_count(), 0, row_limit, "step.sequences.row_count");
    if (!checks.ok()) return batch;
    batch.sequences.push_back(
        {.slot = sequence.slot(), .keep_length = sequence.keep_length(), .row_count = sequence.row_count()});
    slots.push_back(sequence.slot());
  }
  checks.within(rows, 0, row_limit, "step: rows");
  std::ranges::sort(slots);
  checks.require(std::ranges::adjacent_find(slots) == slots.end(),
                 "step.sequences: a slot stands twice in it");
  for (const int32_t slot : in.released_slots()) {
    batch.released_slots.push_back(
        static_cast<int32_t>(checks.within(slot, 0, sequence_limit, "step.released_slots")));
  }
  return batch;
}

StepMessage read_step(const wire::RingFrame& in, std::vector<float> hidden, WireChecks& checks) {
  StepMessage message{.instance = checks.name(in.instance(), "step.instance"),
                      .epoch = read(in.epoch(), checks),
                      .number = in.number(),
                      .batch = read_batch(in.step(), checks),
                      .result_rows = {in.step().result_rows().begin(), in.step().result_rows().end()},
                      .hidden = std::move(hidden),
                      .timings = read_timings(in, checks)};
  if (!checks.ok()) return message;
  const int64_t rows = message.batch.row_count();
  const auto hidden_count = static_cast<int64_t>(message.hidden.size());
  checks.require(rows == 0 ? hidden_count == 0 : hidden_count > 0 && hidden_count % rows == 0,
                 "step: hidden is not [rows, hidden_size]");
  int64_t previous = -1;
  for (const int32_t row : message.result_rows) {
    previous = checks.within(row, previous + 1, rows - 1, "step.result_rows");
  }
  return message;
}

RingFrame read_frame(const wire::RingFrame& in, std::vector<float> hidden, WireChecks& checks) {
  checks.require(hidden.empty() || in.has_step() || in.has_result(), "hidden states that belong to no step");
  switch (in.content_case()) {
    case wire::RingFrame::kHello:
      return RingHello{.node = checks.id(in.hello().node(), "hello.node"), .ring_key = in.hello().ring_key()};
    case wire::RingFrame::kStep: return read_step(in, std::move(hidden), checks);
    case wire::RingFrame::kResult:
      return StepResult{.instance = checks.name(in.instance(), "result.instance"),
                        .epoch = read(in.epoch(), checks),
                        .number = in.number(),
                        .hidden = std::move(hidden),
                        .timings = read_timings(in, checks)};
    case wire::RingFrame::kFailure:
      return StepFailure{.instance = checks.name(in.instance(), "failure.instance"),
                         .epoch = read(in.epoch(), checks),
                         .number = in.number(),
                         .node = checks.id(in.failure().node(), "failure.node"),
                         .error = read(in.failure().error(), checks)};
    case wire::RingFrame::CONTENT_NOT_SET: break;
  }
  checks.require(false, "a ring frame without content");
  return {};
}

}  // namespace

EncodedFrame encode(RingFrame frame) {
  wire::RingFrame out;
  std::vector<float> hidden;
  if (auto* hello = std::get_if<RingHello>(&frame)) {
    out.mutable_hello()->set_node(hello->node);
    out.mutable_hello()->set_ring_key(hello->ring_key);
  } else {
    hidden = std::visit(RingFrameWriter{out}, std::get<RingMessage>(frame));
  }
  return encode_message(out, FrameKind::ring, std::move(hidden));
}

Result<RingFrame> decode_ring(std::string_view message, std::vector<float> hidden) {
  wire::RingFrame in;
  if (!parse_message(message, in))
    return fail(ErrorCode::corrupt_data, "ring stream: not a message of Shoal");
  WireChecks checks;
  RingFrame frame = read_frame(in, std::move(hidden), checks);
  if (!checks.ok()) return fail(checks.error(), "ring stream");
  return frame;
}

}  // namespace shoal
