#include "net/wire.h"
#include "net/wire_cluster.h"
#include "net/wire_message.h"
#include "net/wire_requests.h"

namespace shoal {
namespace {

constexpr std::string_view program = "shoal";

template <class Out>
void write_outcome(const Result<void>& outcome, Out& out) {
  if (outcome) {
    out.mutable_done();
  } else {
    write(outcome.error(), *out.mutable_error());
  }
}

template <class In>
Result<void> read_outcome(const In& in, WireChecks& checks) {
  checks.require(in.has_done() || in.has_error(), "a message without outcome");
  if (in.has_error()) return fail(read(in.error(), checks));
  return {};
}

struct PeerMessageWriter {
  wire::ControlFrame& out;

  void operator()(const Heartbeat& message) {
    wire::Heartbeat& heartbeat = *out.mutable_heartbeat();
    write(message.report, *heartbeat.mutable_report());
    for (const Heartbeat::Progress& progress : message.progress) {
      wire::Progress& progress_out = *heartbeat.add_progress();
      progress_out.set_instance(progress.instance);
      write(progress.epoch, *progress_out.mutable_epoch());
      progress_out.set_last_done_step(progress.last_done_step);
      progress_out.set_step_in_progress(progress.step_in_progress);
      progress_out.set_in_progress_ms(progress.in_progress_ms);
    }
  }
  void operator()(const DescribeModel& message) {
    out.mutable_describe_model()->set_call(message.call);
    out.mutable_describe_model()->set_model(message.model);
  }
  void operator()(const ModelDescribed& message) {
    wire::ModelDescribed& described = *out.mutable_model_described();
    described.set_call(message.call);
    if (message.demand) {
      write(*message.demand, *described.mutable_demand());
    } else {
      write(message.demand.error(), *described.mutable_error());
    }
  }
  void operator()(const PreparePlan& message) {
    write(message.plan, *out.mutable_prepare_plan()->mutable_plan());
    write(message.demand, *out.mutable_prepare_plan()->mutable_demand());
  }
  void operator()(const PlanPrepared& message) {
    wire::PlanPrepared& prepared = *out.mutable_plan_prepared();
    prepared.set_instance(message.instance);
    write(message.epoch, *prepared.mutable_epoch());
    write(message.highest, *prepared.mutable_highest());
    write_outcome(message.outcome, prepared);
  }
  void operator()(const CommitPlan& message) {
    out.mutable_commit_plan()->set_instance(message.instance);
    write(message.epoch, *out.mutable_commit_plan()->mutable_epoch());
  }
  void operator()(const ReleasePlan& message) {
    wire::ReleasePlan& release = *out.mutable_release_plan();
    release.set_instance(message.instance);
    write(message.epoch, *release.mutable_epoch());
    write(message.reason, *release.mutable_reason());
  }
  void operator()(const ShardLoaded& message) {
    wire::ShardLoaded& loaded = *out.mutable_shard_loaded();
    loaded.set_instance(message.instance);
    write(message.epoch, *loaded.mutable_epoch());
    if (message.outcome) {
      write(*message.outcome, *loaded.mutable_info());
    } else {
      write(message.outcome.error(), *loaded.mutable_error());
    }
  }
  void operator()(const SubmitRequest& message) { write(message, *out.mutable_submit_request()); }
  void operator()(const RequestAccepted& message) { write(message, *out.mutable_request_accepted()); }
  void operator()(const TokenDelivery& message) { write(message, *out.mutable_token_delivery()); }
  void operator()(const ChoiceFinished& message) { write(message, *out.mutable_choice_finished()); }
  void operator()(const RequestFailed& message) {
    wire::RequestFailed& failed = *out.mutable_request_failed();
    failed.set_request(message.request);
    write(message.epoch, *failed.mutable_epoch());
    write(message.error, *failed.mutable_error());
  }
  void operator()(const CancelRequest& message) {
    out.mutable_cancel_request()->set_request(message.request);
  }
  void operator()(const UnloadModel& message) {
    out.mutable_unload_model()->set_call(message.call);
    out.mutable_unload_model()->set_instance(message.instance);
  }
  void operator()(const ModelUnloaded& message) {
    out.mutable_model_unloaded()->set_call(message.call);
    write_outcome(message.outcome, *out.mutable_model_unloaded());
  }
  void operator()(const Goodbye&) { out.mutable_goodbye(); }
};

struct ControlFrameWriter {
  wire::ControlFrame& out;

  void operator()(const Hello& hello) {
    wire::Hello& hello_out = *out.mutable_hello();
    hello_out.set_program(std::string(program));
    hello_out.set_version(hello.report.version);
    hello_out.set_expected_node(hello.expected_node);
    write(hello.report, *hello_out.mutable_report());
    hello_out.set_ring_key(hello.ring_key);
  }
  void operator()(const Ready&) { out.mutable_ready(); }
  void operator()(const OpenRing&) { out.mutable_open_ring(); }
  void operator()(const PeerMessage& message) { std::visit(PeerMessageWriter{out}, message); }
};

Hello read_hello(const wire::Hello& in, std::string_view own_version, WireChecks& checks) {
  checks.require(in.program() == program, "hello: this is not Shoal");
  Hello hello{};
  if (in.version() != own_version) {
    hello.report.version = checks.id(in.version(), "hello.version");
    return hello;
  }
  hello.expected_node = checks.optional_id(in.expected_node(), "hello.expected_node");
  hello.report = read(in.report(), checks);
  checks.require(hello.report.version == own_version, "hello: two versions in one message");
  hello.ring_key = in.ring_key();
  return hello;
}

Heartbeat read_heartbeat(const wire::Heartbeat& in, WireChecks& checks) {
  Heartbeat heartbeat{.report = read(in.report(), checks), .progress = {}};
  checks.count(in.progress_size(), node_limit, "heartbeat.progress");
  if (!checks.ok()) return heartbeat;
  for (const wire::Progress& progress : in.progress()) {
    heartbeat.progress.push_back(
        {.instance = checks.name(progress.instance(), "progress.instance"),
         .epoch = read(progress.epoch(), checks),
         .last_done_step = progress.last_done_step(),
         .step_in_progress = progress.step_in_progress(),
         .in_progress_ms = checks.size(progress.in_progress_ms(), "progress.in_progress_ms")});
  }
  return heartbeat;
}

ModelDescribed read_described(const wire::ModelDescribed& in, WireChecks& checks) {
  checks.require(in.has_demand() || in.has_error(), "model_described: no outcome");
  if (in.has_error()) return {.call = in.call(), .demand = fail(read(in.error(), checks))};
  return {.call = in.call(), .demand = read(in.demand(), checks)};
}

ShardLoaded read_loaded(const wire::ShardLoaded& in, WireChecks& checks) {
  checks.require(in.has_info() || in.has_error(), "shard_loaded: no outcome");
  ShardLoaded loaded{.instance = checks.name(in.instance(), "shard_loaded.instance"),
                     .epoch = read(in.epoch(), checks),
                     .outcome = EngineInfo{}};
  if (in.has_error()) {
    loaded.outcome = fail(read(in.error(), checks));
  } else {
    loaded.outcome = read(in.info(), checks);
  }
  return loaded;
}

PreparePlan read_prepare(const wire::PreparePlan& in, WireChecks& checks) {
  PreparePlan prepare{.plan = read(in.plan(), checks), .demand = read(in.demand(), checks)};
  if (!checks.ok()) return prepare;
  checks.require(prepare.plan.instance == prepare.demand.model,
                 "prepare_plan: plan and demand are of two models");
  checks.require(prepare.plan.stages.back().end_layer == std::ssize(prepare.demand.layer_bytes),
                 "prepare_plan: plan and demand differ in their layers");
  return prepare;
}

ControlFrame read_frame(const wire::ControlFrame& in, std::string_view own_version, WireChecks& checks) {
  switch (in.content_case()) {
    case wire::ControlFrame::kHello: return read_hello(in.hello(), own_version, checks);
    case wire::ControlFrame::kReady: return Ready{};
    case wire::ControlFrame::kOpenRing: return OpenRing{};
    case wire::ControlFrame::kHeartbeat: return read_heartbeat(in.heartbeat(), checks);
    case wire::ControlFrame::kDescribeModel:
      return DescribeModel{.call = in.describe_model().call(),
                           .model = checks.name(in.describe_model().model(), "describe_model.model")};
    case wire::ControlFrame::kModelDescribed: return read_described(in.model_described(), checks);
    case wire::ControlFrame::kPreparePlan: return read_prepare(in.prepare_plan(), checks);
    case wire::ControlFrame::kPlanPrepared:
      return PlanPrepared{.instance = checks.name(in.plan_prepared().instance(), "plan_prepared.instance"),
                          .epoch = read(in.plan_prepared().epoch(), checks),
                          .highest = read(in.plan_prepared().highest(), checks),
                          .outcome = read_outcome(in.plan_prepared(), checks)};
    case wire::ControlFrame::kCommitPlan:
      return CommitPlan{.instance = checks.name(in.commit_plan().instance(), "commit_plan.instance"),
                        .epoch = read(in.commit_plan().epoch(), checks)};
    case wire::ControlFrame::kReleasePlan:
      return ReleasePlan{.instance = checks.name(in.release_plan().instance(), "release_plan.instance"),
                         .epoch = read(in.release_plan().epoch(), checks),
                         .reason = read(in.release_plan().reason(), checks)};
    case wire::ControlFrame::kShardLoaded: return read_loaded(in.shard_loaded(), checks);
    case wire::ControlFrame::kSubmitRequest: return read(in.submit_request(), checks);
    case wire::ControlFrame::kRequestAccepted: return read(in.request_accepted(), checks);
    case wire::ControlFrame::kTokenDelivery: return read(in.token_delivery(), checks);
    case wire::ControlFrame::kChoiceFinished: return read(in.choice_finished(), checks);
    case wire::ControlFrame::kRequestFailed:
      return RequestFailed{.request = checks.id(in.request_failed().request(), "request_failed.request"),
                           .epoch = read(in.request_failed().epoch(), checks),
                           .error = read(in.request_failed().error(), checks)};
    case wire::ControlFrame::kCancelRequest:
      return CancelRequest{.request = checks.id(in.cancel_request().request(), "cancel_request.request")};
    case wire::ControlFrame::kUnloadModel:
      return UnloadModel{.call = in.unload_model().call(),
                         .instance = checks.name(in.unload_model().instance(), "unload_model.instance")};
    case wire::ControlFrame::kModelUnloaded:
      return ModelUnloaded{.call = in.model_unloaded().call(),
                           .outcome = read_outcome(in.model_unloaded(), checks)};
    case wire::ControlFrame::kGoodbye: return Goodbye{};
    case wire::ControlFrame::CONTENT_NOT_SET: break;
  }
  checks.require(false, "a control frame without content");
  return Goodbye{};
}

}  // namespace

EncodedFrame encode(const ControlFrame& frame) {
  wire::ControlFrame out;
  std::visit(ControlFrameWriter{out}, frame);
  return encode_message(out, FrameKind::control);
}

EncodedFrame encode(const Error& refusal) {
  wire::Error out;
  write(refusal, out);
  return encode_message(out, FrameKind::refusal);
}

Result<ControlFrame> decode_control(std::string_view message, std::string_view own_version) {
  wire::ControlFrame in;
  if (!parse_message(message, in))
    return fail(ErrorCode::corrupt_data, "control stream: not a message of Shoal");
  WireChecks checks;
  ControlFrame frame = read_frame(in, own_version, checks);
  if (!checks.ok()) return fail(checks.error(), "control stream");
  return frame;
}

Result<Error> decode_refusal(std::string_view message) {
  wire::Error in;
  if (!parse_message(message, in)) return fail(ErrorCode::corrupt_data, "refusal: not a message of Shoal");
  WireChecks checks;
  Error error = read(in, checks);
  if (!checks.ok()) return fail(checks.error(), "refusal");
  return error;
}

}  // namespace shoal
