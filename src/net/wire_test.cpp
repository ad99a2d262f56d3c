#include "net/wire.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "net/wire_checks.h"
#include "net/wire_samples_for_test.h"
#include "shoal.pb.h"

namespace shoal {
namespace {

using testing::HasSubstr;

std::string message_of(const EncodedFrame& frame) { return frame.head.substr(frame_header_bytes); }

Result<ControlFrame> read_control(std::string_view message) { return decode_control(message, "1.2.3"); }
Result<RingFrame> read_ring(const EncodedFrame& frame) {
  return decode_ring(message_of(frame), frame.hidden);
}

// Adds the names of the fields, at any depth, that are not set. Of a oneof one field is enough.
void find_unset(const google::protobuf::Message& message, std::vector<std::string>& unset) {
  const auto& reflection = *message.GetReflection();
  const auto& descriptor = *message.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const auto* field = descriptor.field(i);
    const bool is_set = field->is_repeated() ? reflection.FieldSize(message, field) > 0
                        : field->real_containing_oneof()
                            ? reflection.HasOneof(message, field->real_containing_oneof())
                            : reflection.HasField(message, field);
    if (!is_set) unset.push_back(field->full_name());
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (field->is_repeated()) {
      for (int j = 0; j < reflection.FieldSize(message, field); ++j) {
        find_unset(reflection.GetRepeatedMessage(message, field, j), unset);
      }
    } else if (reflection.HasField(message, field)) {
      find_unset(reflection.GetMessage(message, field), unset);
    }
  }
}

TEST(Wire, EveryControlFrameFillsEveryFieldAndComesBackUnchanged) {
  for (const ControlFrame& frame : sample_control_frames()) {
    const std::string bytes = message_of(encode(frame));
    wire::ControlFrame parsed;
    ASSERT_TRUE(parsed.ParseFromString(bytes));
    std::vector<std::string> unset;
    find_unset(parsed, unset);
    std::erase(unset, "shoal.wire.PlanStage.first_layer");  // it is 0 in a plan's first stage
    EXPECT_THAT(unset, testing::IsEmpty()) << parsed.ShortDebugString();
    const auto decoded = read_control(bytes);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->index(), frame.index());
    EXPECT_EQ(message_of(encode(*decoded)), bytes) << parsed.ShortDebugString();
  }
}

TEST(Wire, EveryRingFrameComesBackUnchanged) {
  for (const RingFrame& frame : sample_ring_frames()) {
    const EncodedFrame encoded = encode(frame);
    const auto decoded = read_ring(encoded);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->index(), frame.index());
    EXPECT_EQ(encode(*decoded).head, encoded.head);
    EXPECT_EQ(encode(*decoded).hidden, encoded.hidden);
  }
}

TEST(Wire, StructsComeBackEqual) {
  const auto report = read_control(message_of(encode(Hello{"node-2", sample_report(), 5})));
  ASSERT_TRUE(report);
  EXPECT_EQ(std::get<Hello>(*report).report, sample_report());
  EXPECT_EQ(std::get<Hello>(*report).ring_key, 5u);
  const auto frame = read_ring(encode(RingFrame(sample_step())));
  const auto& step = std::get<StepMessage>(std::get<RingMessage>(*frame));
  EXPECT_EQ(step.batch, sample_step().batch);
  EXPECT_EQ(step.hidden, sample_step().hidden);
  EXPECT_EQ(step.result_rows, sample_step().result_rows);
  EXPECT_EQ(step.epoch, sample_step().epoch);
  const auto described = read_control(message_of(encode(PeerMessage(ModelDescribed{1, sample_demand()}))));
  EXPECT_EQ(*std::get<ModelDescribed>(std::get<PeerMessage>(*described)).demand, sample_demand());
}

TEST(Wire, AStepWithoutRowsIsLegal) {
  StepMessage step = sample_step();
  step.batch.sequences.clear();
  step.result_rows.clear();
  step.hidden.clear();
  EXPECT_TRUE(read_ring(encode(RingFrame(step))));
}

TEST(Wire, HiddenStatesBelongToAStepOrItsResult) {
  EncodedFrame failure = encode(RingFrame(RingMessage(StepFailure{
      .instance = "m", .epoch = {1, "a"}, .number = 1, .node = "a", .error = {ErrorCode::internal, ""}})));
  ASSERT_TRUE(read_ring(failure));
  failure.hidden = {1.0F};
  EXPECT_THAT(read_ring(failure).error().message, HasSubstr("belong to no step"));
}

TEST(Wire, ARefusalComesBackEqual) {
  const Error error{ErrorCode::permission_denied, "not you"};
  const auto decoded = decode_refusal(message_of(encode(error)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, error);
  EXPECT_FALSE(decode_refusal("GET / HTTP/1.1"));
}

TEST(Wire, AHelloOfAnotherVersionIsReadAsFarAsItsVersion) {
  wire::ControlFrame frame;
  frame.mutable_hello()->set_program("shoal");
  frame.mutable_hello()->set_version("9.0");
  const auto decoded = read_control(frame.SerializeAsString());
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(std::get<Hello>(*decoded).report.version, "9.0");
  EXPECT_EQ(std::get<Hello>(*decoded).report.node, "");
}

void expect_step_error(const std::function<void(StepMessage&)>& change, const std::string& message) {
  StepMessage step = sample_step();
  change(step);
  const auto decoded = read_ring(encode(RingFrame(step)));
  ASSERT_FALSE(decoded) << message;
  EXPECT_EQ(decoded.error().code, ErrorCode::corrupt_data);
  EXPECT_THAT(decoded.error().message, HasSubstr(message));
}

TEST(Wire, StepsThatContradictThemselvesAreRefused) {
  expect_step_error([](auto& step) { step.hidden.pop_back(); }, "hidden is not [rows, hidden_size]");
  expect_step_error([](auto& step) { step.hidden.clear(); }, "hidden is not [rows, hidden_size]");
  expect_step_error([](auto& step) { step.batch.sequences.clear(); }, "hidden is not [rows, hidden_size]");
  expect_step_error([](auto& step) { step.result_rows = {0, 3}; },
                    "step.result_rows: 3 is not within 1 and 2");
  expect_step_error([](auto& step) { step.result_rows = {1, 1}; },
                    "step.result_rows: 1 is not within 2 and 2");
  expect_step_error([](auto& step) { step.result_rows = {-1}; }, "step.result_rows: -1");
  expect_step_error([](auto& step) { step.batch.sequences[0].slot = -1; }, "step.sequences.slot: -1");
  expect_step_error([](auto& step) { step.batch.sequences[0].slot = 2; }, "a slot stands twice");
  expect_step_error([](auto& step) { step.batch.sequences[0].keep_length = -1; }, "keep_length: -1");
  expect_step_error([](auto& step) { step.batch.sequences[0].row_count = -1; }, "row_count: -1");
  expect_step_error(
      [](auto& step) { step.batch.sequences[0].row_count = std::numeric_limits<int64_t>::max(); },
      "row_count");
  expect_step_error([](auto& step) { step.batch.released_slots[0] = -5; }, "released_slots: -5");
  expect_step_error([](auto& step) { step.instance = ""; }, "step.instance: \"\" is no model name");
}

template <class Change>
void expect_message_error(size_t sample, Change change, const std::string& message) {
  PeerMessage sent = sample_peer_messages()[sample];
  std::visit(change, sent);
  const auto decoded = read_control(message_of(encode(sent)));
  ASSERT_FALSE(decoded) << message;
  EXPECT_EQ(decoded.error().code, ErrorCode::corrupt_data);
  EXPECT_THAT(decoded.error().message, HasSubstr(message));
}

template <class Message, class Change>
void expect_error(Change change, const std::string& message) {
  const auto samples = sample_peer_messages();
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!std::holds_alternative<Message>(samples[i])) continue;
    expect_message_error(
        i,
        [&](auto& sent) {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(sent)>, Message>) change(sent);
        },
        message);
    return;
  }
}

TEST(Wire, PlansThatContradictThemselvesAreRefused) {
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.plan.stages.clear(); }, "plan.stages: 0");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.plan.stages[0].first_layer = 1; }, "first_layer: 1");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.plan.stages[1].first_layer = 1; }, "first_layer: 1");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.plan.stages[1].end_layer = 2; }, "end_layer: 2");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.plan.stages[1].node = "node-1"; },
                            "a node stands twice");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.plan.stages[1].end_layer = 4; },
                            "differ in their layers");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.demand.model = "other"; }, "two models");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.demand.layer_bytes = {}; }, "demand.layer_bytes: 0");
  expect_error<PreparePlan>([](PreparePlan& sent) { sent.demand.layer_bytes[1] = -1; },
                            "demand.layer_bytes: -1");
}

TEST(Wire, ValuesOutOfRangeAreRefused) {
  const double infinity = std::numeric_limits<double>::infinity();
  expect_error<SubmitRequest>([](SubmitRequest& sent) { sent.settings.choice_count = 0; }, "choice_count: 0");
  expect_error<SubmitRequest>([](SubmitRequest& sent) { sent.delivered.resize(3); }, "submit.delivered: 3");
  expect_error<SubmitRequest>([](SubmitRequest& sent) { sent.delivered[0] = {-1}; }, "a token id below 0");
  expect_error<SubmitRequest>([&](SubmitRequest& sent) { sent.settings.sampling.top_p = infinity; },
                              "top_p: inf");
  expect_error<SubmitRequest>([](SubmitRequest& sent) { sent.settings.max_tokens = -1; }, "max_tokens: -1");
  expect_error<SubmitRequest>(
      [](SubmitRequest& sent) { sent.settings.output.kind = static_cast<OutputKind>(5); }, "output_kind: 5");
  expect_error<SubmitRequest>(
      [](SubmitRequest& sent) { sent.settings.output.source.resize(maximum_output_source + 1); },
      "output_source");
  expect_error<ChoiceFinished>([](ChoiceFinished& sent) { sent.end.reason = static_cast<FinishReason>(9); },
                               "reason: 9");
  expect_error<RequestFailed>([](RequestFailed& sent) { sent.error.code = static_cast<ErrorCode>(77); },
                              "code: 77");
  expect_error<ShardLoaded>([](ShardLoaded& sent) { sent.outcome->hidden_size = 0; }, "hidden_size: 0");
  expect_error<Heartbeat>([](Heartbeat& sent) { sent.report.peer_port = 65536; }, "peer_port: 65536");
  expect_error<Heartbeat>([](Heartbeat& sent) { sent.report.models.assign(9000, ModelReport{.name = "m"}); },
                          "models: 9000");
  expect_error<ReleasePlan>([](ReleasePlan& sent) { sent.epoch.counter = ~uint64_t{0}; },
                            "epoch.counter: 18446744073709551615 is above");
  expect_step_error([](auto& step) { step.epoch.counter = ~uint64_t{0}; }, "epoch.counter");
  expect_error<Heartbeat>([](Heartbeat& sent) { sent.report.device.free_bytes = -1; }, "free_bytes: -1");
}

TEST(Wire, NamesLeadNowhere) {
  for (const std::string name :
       {"", "/etc/passwd", "..", "a/../b", "a//b", "a/", ".", "a\\b", "a\nb", "a\x7f", "a/./b"}) {
    expect_error<DescribeModel>([&](DescribeModel& sent) { sent.model = name; }, "is no model name");
  }
  expect_error<DescribeModel>([&](DescribeModel& sent) { sent.model = std::string("a\0b", 3); }, "a\\x00b");
  for (const std::string id : {"", "a/b", "..", "a\tb", "a\xff", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82"}) {
    expect_error<CancelRequest>([&](CancelRequest& sent) { sent.request = id; }, "is no id");
  }
  expect_error<CancelRequest>([&](CancelRequest& sent) { sent.request = std::string(257, 'a'); }, "is no id");
}

TEST(Wire, ANodeIdThatPeersWouldRefuseIsToldAtHome) {
  EXPECT_TRUE(check_node_id("m2-studio main:1"));
  for (const std::string& id : {std::string(), std::string("a/b"), std::string(".."), std::string("a\nb"),
                                std::string("a\xff"), std::string(257, 'a')}) {
    const auto refused = check_node_id(id);
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(refused.error().message, HasSubstr("--node-id"));
  }
}

TEST(Wire, NamesMayBeOfAnyLanguage) {
  const std::string name = "mod\xc3\xa8le/\xe6\xa8\xa1\xe5\x9e\x8b-\xf0\x9f\xa6\x99";
  EXPECT_TRUE(read_control(message_of(encode(PeerMessage(DescribeModel{1, name})))));
}

TEST(Wire, FramesWithoutContentOrOutcomeAreRefused) {
  EXPECT_THAT(read_control("").error().message, HasSubstr("a control frame without content"));
  EXPECT_THAT(decode_ring("", {}).error().message, HasSubstr("a ring frame without content"));
  EXPECT_THAT(read_control("GET / HTTP/1.1\r\n").error().message, HasSubstr("not a message of Shoal"));
  wire::ControlFrame frame;
  frame.mutable_model_unloaded();
  EXPECT_THAT(read_control(frame.SerializeAsString()).error().message, HasSubstr("without outcome"));
  frame.mutable_submit_request();
  EXPECT_FALSE(read_control(frame.SerializeAsString()));
  frame.mutable_hello()->set_program("other");
  EXPECT_THAT(read_control(frame.SerializeAsString()).error().message, HasSubstr("this is not Shoal"));
}

TEST(Wire, DamagedFramesAreAnErrorOrAnotherValidFrame) {
  std::mt19937 random(3);
  auto damage = [&](std::string bytes) {
    for (size_t i = 0, count = 1 + random() % 4; i < count && !bytes.empty(); ++i) {
      if (random() % 3 == 0) {
        bytes.resize(random() % bytes.size());
      } else {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
    }
    return bytes;
  };
  int refused = 0;
  for (int round = 0; round < 200; ++round) {
    for (const ControlFrame& frame : sample_control_frames()) {
      const auto decoded = read_control(damage(message_of(encode(frame))));
      refused += decoded ? 0 : 1;
      if (decoded) message_of(encode(*decoded));
    }
    for (const RingFrame& frame : sample_ring_frames()) {
      const EncodedFrame encoded = encode(frame);
      const auto decoded = decode_ring(damage(message_of(encoded)), encoded.hidden);
      refused += decoded ? 0 : 1;
      if (decoded) message_of(encode(*decoded));
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Wire, ALongErrorIsCutNotRefused) {
  const Error error{ErrorCode::internal, std::string(1'000'000, 'x')};
  const auto decoded = read_control(message_of(encode(PeerMessage(RequestFailed{"r", {}, error}))));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<RequestFailed>(std::get<PeerMessage>(*decoded)).error.message.size(), 65536u);
}

}  // namespace
}  // namespace shoal
