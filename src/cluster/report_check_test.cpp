#include "cluster/report_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace shoal {
namespace {

// As a large workstation says it.
NodeReport honest_report() {
  NodeReport report{};
  report.node = NodeId("a");
  report.device.core_count = 128;
  report.device.memory_bytes = int64_t{2} << 40;
  report.device.free_bytes = report.device.machine_free_bytes = int64_t{1} << 40;
  report.device.declared_memory_bytes = int64_t{512} << 30;
  report.device.read_bandwidth = 8e11;
  report.device.flops_fp32 = 1e14;
  report.shards = {{.instance = "m",
                    .epoch = {3, "a"},
                    .first_layer = 0,
                    .end_layer = 61,
                    .is_head = true,
                    .is_loaded = true,
                    .bytes_loaded = 500'000'000'000,
                    .bytes_total = 500'000'000'000,
                    .held_bytes = 600'000'000'000,
                    .last_used_ms_ago = 0}};
  for (int i = 0; i < 500; ++i)
    report.models.push_back({.name = fmt::format("organisation/model-{}:Q4_K_M", i)});
  return report;
}

TEST(ReportCheck, WhatHonestNodesSayIsHeard) {
  const auto checked = check_report(honest_report());
  EXPECT_TRUE(checked) << checked.error().message;
  EXPECT_TRUE(check_report(NodeReport{}));
  // In a container of 350 MB on that machine.
  NodeReport limited = honest_report();
  limited.device.memory_bytes = limited.device.free_bytes = 350'000'000;
  limited.device.memory_groups = {{"1c-2f", 340'000'000}};
  EXPECT_TRUE(check_report(limited)) << check_report(limited).error().message;
}

TEST(ReportCheck, WhatNoMachineIsIsRefusedWithItsValue) {
  const auto endless = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<std::string, std::function<void(NodeReport&)>>> lies = {
      {"576460752303423488", [](auto& r) { r.device.free_bytes = int64_t{1} << 59; }},
      {"576460752303423488", [](auto& r) { r.device.memory_bytes = int64_t{1} << 59; }},
      {"2199023255553", [](auto& r) { r.device.free_bytes = r.device.memory_bytes + 1; }},
      {"576460752303423488", [](auto& r) { r.device.machine_free_bytes = int64_t{1} << 59; }},
      {"576460752303423488", [](auto& r) { r.device.memory_groups = {{"g", int64_t{1} << 59}}; }},
      {"share memory: 65", [](auto& r) { r.device.memory_groups.assign(65, {"g", 1}); }},
      {"-1", [](auto& r) { r.device.free_bytes = -1; }},
      {"1000000", [](auto& r) { r.device.core_count = 1'000'000; }},
      {"inf", [&](auto& r) { r.device.read_bandwidth = endless; }},
      {"-2", [](auto& r) { r.device.flops_fp16 = -2; }},
      {"576460752303423488", [](auto& r) { r.shards[0].held_bytes = int64_t{1} << 59; }},
      {"two shards of m", [](auto& r) { r.shards.push_back(r.shards[0]); }},
      {"shards: 65",
       [](auto& r) {
         for (int i = 0; i < 64; ++i) {
           r.shards.push_back(r.shards[0]);
           r.shards.back().instance = fmt::format("m{}", i);
         }
       }},
      {"9000 models", [](auto& r) { r.models.assign(9000, ModelReport{.name = "x"}); }},
      {"500 models",
       [](auto& r) {
         for (ModelReport& model : r.models) model.name += std::string(500, 'x');
       }},
  };
  for (const auto& [value, tell] : lies) {
    NodeReport report = honest_report();
    tell(report);
    const auto checked = check_report(report);
    ASSERT_FALSE(checked) << value;
    EXPECT_NE(checked.error().message.find(value), std::string::npos) << checked.error().message;
    EXPECT_NE(checked.error().message.find("node a reports"), std::string::npos) << checked.error().message;
  }
}

TEST(ReportCheck, ANodeWithMoreModelsReportsThoseThatHaveRoom) {
  const std::vector<ModelReport> many(5000, ModelReport{.name = "model"}),
      long_names(500, ModelReport{.name = std::string(1000, 'x')});
  EXPECT_EQ(reportable_models(many), report_model_limit);
  EXPECT_EQ(reportable_models(long_names), report_name_bytes_limit / 1000);
  EXPECT_EQ(reportable_models({}), 0);
}

}  // namespace
}  // namespace shoal
