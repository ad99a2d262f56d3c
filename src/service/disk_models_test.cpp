#include "service/disk_models.h"

#include <gtest/gtest.h>

#include "base/simulated_world_for_test.h"

namespace shoal {
namespace {

class FakeFiles final : public EngineSource {
 public:
  std::vector<ModelReport> models() override {
    std::vector<ModelReport> reports;
    for (const std::string& name : names) reports.push_back({.name = name});
    return reports;
  }
  Result<ModelDemand> describe(const InstanceId& model) override {
    ++described;
    if (model == "damaged") return fail(ErrorCode::corrupt_data, "no header");
    ModelDemand demand{};
    demand.model = model;
    demand.context_length = static_cast<int64_t>(1000 * model.size());
    return demand;
  }
  void load(const Plan&, const PlanStage&, std::stop_token, std::function<void(LoadProgress)>,
            std::function<void(Result<LoadedShard>)>) override {}

  std::vector<std::string> names;
  int described = 0;
};

class Listener final : public ReportEvents {
 public:
  void on_report_changed() override { ++changes; }
  int changes = 0;
};

TEST(DiskModels, LooksIntoEachModelOnceForItsContext) {
  SimulatedWorld world(1);
  FakeFiles files;
  files.names = {"a", "damaged", "long"};
  const std::shared_ptr<int> service = std::make_shared<int>();
  ServiceLoop loop(world.make_loop("service"));
  loop.bind(service);
  const std::shared_ptr<Loop> files_loop(&world.make_loop("files"), [](Loop*) {});
  Listener listener;
  DiskModels models(loop, files_loop, files, listener);
  for (int i = 0; i < 3; ++i) {
    loop.post([&] { models.refresh({}); });
    world.run_for(std::chrono::seconds(1));
  }
  EXPECT_EQ(models.context_lengths(),
            (std::map<std::string, int64_t>{{"a", 1000}, {"damaged", 0}, {"long", 4000}}));
  EXPECT_EQ(files.described, 3);
  EXPECT_EQ(listener.changes, 1);
  files.names = {"a"};
  loop.post([&] { models.refresh({}); });
  world.run_for(std::chrono::seconds(1));
  EXPECT_EQ(models.context_lengths(), (std::map<std::string, int64_t>{{"a", 1000}}));
  EXPECT_EQ(listener.changes, 2);
}

}  // namespace
}  // namespace shoal
