#include "api/routes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/api_server_for_test.h"

namespace shoal {
namespace {

using nlohmann::json;

TEST_F(ApiServerTest, ModelsAreListedAsOpenAiDoes) {
  start();
  for (const char* path : {"/v1/models", "/models"}) {
    const json body = json::parse(get(path).body);
    EXPECT_EQ(body.at("object"), "list");
    ASSERT_EQ(body.at("data").size(), 2u);
    EXPECT_EQ(body.at("data")[0].at("id"), "tiny");
    EXPECT_EQ(body.at("data")[0].at("object"), "model");
    EXPECT_EQ(body.at("data")[0].at("ready"), true);
    EXPECT_EQ(body.at("data")[1].at("ready"), false);
    EXPECT_GT(body.at("data")[0].at("created").get<int64_t>(), 1'700'000'000);
    EXPECT_EQ(body.at("data")[0].at("max_model_len"), 4096);
    EXPECT_EQ(body.at("data")[0].at("meta").at("n_ctx"), 4096);
    EXPECT_FALSE(body.at("data")[1].contains("max_model_len")) << "nobody knows";
  }
  EXPECT_EQ(json::parse(get("/v1/models/other").body).at("id"), "other");
  EXPECT_EQ(json::parse(get("/v1/models/openai/Other:latest").body).at("id"), "other");
  EXPECT_EQ(get("/v1/models/none").status, 404);
}

ClusterView two_nodes() {
  ClusterView view{.own_node = "a", .nodes = {}, .links = {{"a", "b", "UDP eth0"}, {"b", "a", "UDP eth0"}}};
  NodeReport a{};
  a.node = "a";
  a.version = "0.1.0";
  a.address = "10.0.0.1";
  a.api_port = 52415;
  a.device = {.device_model = "box",
              .chip = "EPYC",
              .machine = "m",
              .isa = "avx2",
              .core_count = 4,
              .memory_bytes = int64_t{8} << 30,
              .free_bytes = int64_t{4} << 30,
              .read_bandwidth = 2e10,
              .flops_fp32 = 1.5,
              .flops_fp16 = 3,
              .flops_int8 = 6};
  a.models = {{.name = "tiny"}};
  ShardReport shard{};
  shard.instance = "tiny";
  shard.first_layer = 0;
  shard.end_layer = 15;
  shard.is_head = true;
  shard.bytes_loaded = 10;
  shard.bytes_total = 100;
  a.shards = {shard};
  NodeReport b{};
  b.node = "b";
  view.nodes = {a, b};
  return view;
}

TEST_F(ApiServerTest, TheTopologyHasExosFieldsAndOurs) {
  backend.view = two_nodes();
  start();
  for (const char* path : {"/v1/topology", "/topology"}) {
    const json body = json::parse(get(path).body);
    EXPECT_EQ(body.at("active_node_id"), "a");
    const json& node = body.at("nodes").at("a");
    EXPECT_EQ(node.at("model"), "box");
    EXPECT_EQ(node.at("chip"), "EPYC");
    EXPECT_EQ(node.at("memory"), 8192);
    EXPECT_EQ(node.at("flops"), (json{{"fp32", 1.5}, {"fp16", 3.0}, {"int8", 6.0}}));
    EXPECT_EQ(node.at("memory_bytes"), int64_t{8} << 30);
    EXPECT_EQ(node.at("free_bytes"), int64_t{4} << 30);
    EXPECT_EQ(node.at("isa"), "avx2");
    EXPECT_EQ(node.at("cores"), 4);
    EXPECT_EQ(node.at("read_bandwidth"), 2e10);
    EXPECT_EQ(node.at("address"), "10.0.0.1");
    EXPECT_EQ(node.at("api_port"), 52415);
    const json& shard = node.at("shards").at(0);
    EXPECT_EQ(shard.at("model"), "tiny");
    EXPECT_EQ(shard.at("first_layer"), 0);
    EXPECT_EQ(shard.at("last_layer"), 14);
    EXPECT_EQ(shard.at("head"), true);
    EXPECT_EQ(shard.at("loaded"), false);
    EXPECT_EQ(body.at("peer_graph").at("a"),
              (json{{{"from_id", "a"}, {"to_id", "b"}, {"description", "UDP eth0"}}}));
    EXPECT_TRUE(body.at("nodes").contains("b"));
  }
}

TEST_F(ApiServerTest, NodesThatCannotBeReachedStandBesideTheOthersAndThoseBeingDialledDoNot) {
  backend.view = two_nodes();
  backend.view.missing = {
      {.node = "c", .place = "10.0.0.3:50051", .problem = "no answer", .advice = "open it", .seconds = 7},
      {.node = "d", .place = "10.0.0.4:50051", .problem = {}, .advice = {}}};
  start();
  const json expected = {{{"node_id", "c"},
                          {"address", "10.0.0.3:50051"},
                          {"seconds", 7},
                          {"problem", "no answer"},
                          {"advice", "open it"}}};
  for (const char* path : {"/v1/topology", "/v1/status"}) {
    EXPECT_EQ(json::parse(get(path).body).at("unreachable"), expected);
  }
}

TEST_F(ApiServerTest, HealthStatusAndMetricsTellHowTheNodeIs) {
  backend.view = two_nodes();
  backend.service_status = {
      .active_requests = 2, .requests_total = 9, .failed_total = 1, .scheduler = SchedulerStatus{}};
  backend.service_status.scheduler->completion_tokens = 77;
  answer_with({"a", "b"});
  settings.default_model = "tiny";
  start();
  EXPECT_EQ(get("/healthcheck").body, R"({"status":"ok"})");
  EXPECT_EQ(post("/v1/chat/completions", hello_request).status, 200);
  EXPECT_EQ(get("/nowhere").status, 404);
  const json status = json::parse(get("/v1/status").body);
  EXPECT_EQ(status.at("node_id"), "a");
  EXPECT_EQ(status.at("active_requests"), 2);
  EXPECT_EQ(status.at("tokens_per_second"), 0.2);
  EXPECT_EQ(status.at("default_model"), "tiny");
  EXPECT_EQ(status.at("scheduler").at("completion_tokens"), 77);
  const auto metrics = get("/metrics");
  EXPECT_TRUE(metrics.headers.at("content-type").starts_with("text/plain"));
  for (const char* line :
       {"shoal_http_responses_total{route=\"/v1/chat/completions\",status=\"200\"} 1",
        "shoal_http_responses_total{route=\"other\",status=\"404\"} 1", "shoal_api_completion_tokens_total 2",
        "shoal_api_prompt_tokens_total 5", "shoal_api_first_token_seconds_count 1", "shoal_requests_active 2",
        "shoal_nodes 2", "shoal_node_free_bytes{node=\"a\"} 4294967296",
        "shoal_scheduler_completion_tokens_total 77", "# TYPE shoal_requests_total counter"}) {
    EXPECT_NE(metrics.body.find(line), std::string::npos) << line << "\n" << metrics.body;
  }
}

TEST_F(ApiServerTest, AModelIsUnloadedOnRequest) {
  start();
  EXPECT_EQ(post("/unload", R"({"model":"tiny"})").status, 200);
  EXPECT_EQ(backend.unloaded(), std::vector<std::string>{"tiny"});
  EXPECT_EQ(post_error("/unload", "{}").second.at("param"), "model");
  backend.unload_outcome = fail(ErrorCode::not_found, "tiny is not loaded");
  EXPECT_EQ(post("/unload", R"({"model":"tiny"})").status, 404);
}

TEST_F(ApiServerTest, QuitIsTakenFromThisMachine) {
  start();
  EXPECT_EQ(get("/quit").status, 405);
  EXPECT_FALSE(backend.has_quit());
  EXPECT_EQ(post("/quit", "").body, R"({"detail":"Quit signal received"})");
  EXPECT_TRUE(backend.has_quit());
}

TEST_F(ApiServerTest, ThePageAndItsPartsAreServed) {
  start();
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(page.headers.at("content-security-policy").find("default-src 'self'"), std::string::npos);
  EXPECT_EQ(page.body, get("/index.html").body);
  EXPECT_EQ(get("/app.js").headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/chats.js").headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/app.css").headers.at("content-type"), "text/css; charset=utf-8");
}

}  // namespace
}  // namespace shoal
