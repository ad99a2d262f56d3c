#include "service/report_list.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

NodeReport report_of(const NodeId& node, int32_t api_port = 1) {
  NodeReport report{};
  report.node = node;
  report.api_port = api_port;
  return report;
}

std::vector<std::pair<NodeId, int32_t>> content(const ReportList& reports) {
  std::vector<std::pair<NodeId, int32_t>> content;
  for (const NodeReport& report : reports.all()) content.emplace_back(report.node, report.api_port);
  return content;
}

using Content = std::vector<std::pair<NodeId, int32_t>>;

TEST(ReportList, HasThisNodeFirstAndTheOthersByIdEachOnce) {
  ReportList reports(report_of("m"));
  for (const char* node : {"z", "a", "n", "b"}) reports.put(report_of(node));
  EXPECT_EQ(content(reports), (Content{{"m", 1}, {"a", 1}, {"b", 1}, {"n", 1}, {"z", 1}}));
  reports.put(report_of("n", 2));
  reports.put(report_of("m", 3));
  EXPECT_EQ(content(reports), (Content{{"m", 3}, {"a", 1}, {"b", 1}, {"n", 2}, {"z", 1}}));
  EXPECT_EQ(reports.own().api_port, 3);
}

TEST(ReportList, ForgetsWhoIsRemoved) {
  ReportList reports(report_of("m"));
  reports.put(report_of("a"));
  EXPECT_NE(reports.find("a"), nullptr);
  EXPECT_TRUE(reports.remove("a"));
  EXPECT_FALSE(reports.remove("a"));
  EXPECT_EQ(reports.find("a"), nullptr);
  EXPECT_EQ(reports.find("m"), &reports.own());
}

}  // namespace
}  // namespace shoal
