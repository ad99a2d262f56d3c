// The table of routes, and what each route answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_error.h"
#include "api/api_server.h"
#include "api/completion_job.h"
#include "api/gate.h"
#include "api/generation_options.h"
#include "api/http_server.h"
#include "api/metrics.h"
#include "base/loop.h"

namespace shoal {

class Routes final : public HttpHandler {
 public:
  // The backend must outlive this object. `connection_count` is called for GET /metrics.
  Routes(const ApiSettings& settings, AccessRules access, ApiBackend& backend,
         std::function<int64_t()> connection_count);

  void check_head(const HttpRequest& head, std::function<void(HeadDecision)> decide) override;
  void handle(HttpRequest request, std::shared_ptr<ResponseWriter> response) override;
  void on_response(const HttpRequest& head, int32_t status) override;

 private:
  using Writer = std::shared_ptr<ResponseWriter>;
  using Serve = void (Routes::*)(HttpRequest& request, const Writer& response);
  using MakePlan = ApiResult<CompletionPlan> (Routes::*)(std::string_view body) const;
  struct Route {
    std::string_view method;
    std::string_view path;  // if it ends with '/' and is longer, it stands for all paths below it
    Serve serve;
  };
  static const std::vector<Route>& table();
  static bool matches(const Route& route, std::string_view path);

  void list_models(HttpRequest& request, const Writer& response);
  void show_model(HttpRequest& request, const Writer& response);
  void show_topology(HttpRequest& request, const Writer& response);
  void show_status(HttpRequest& request, const Writer& response);
  void show_metrics(HttpRequest& request, const Writer& response);
  void show_health(HttpRequest& request, const Writer& response);
  void show_page(HttpRequest& request, const Writer& response);
  void complete_chat(HttpRequest& request, const Writer& response) {
    complete(request, response, &Routes::plan_chat);
  }
  void complete_text(HttpRequest& request, const Writer& response) {
    complete(request, response, &Routes::plan_text);
  }
  void unload_model(HttpRequest& request, const Writer& response);
  void quit(HttpRequest& request, const Writer& response);

  void check_route(const HttpRequest& head, HeadDecision& decision) const;

  void complete(HttpRequest& request, const Writer& response, MakePlan make_plan);
  ApiResult<CompletionPlan> plan_chat(std::string_view body) const;
  ApiResult<CompletionPlan> plan_text(std::string_view body) const;
  ApiResult<std::string> choose_model(const std::optional<std::string>& wish) const;
  CompletionPlan plan_completion(AnswerKind kind, const GenerationOptions& options, const ToolUse& tools,
                                 std::string model, std::vector<Prompt> prompts) const;

  const ApiSettings settings_;
  ApiBackend& backend_;
  const std::function<int64_t()> connection_count_;
  const int64_t started_;  // seconds since 1970
  Metrics metrics_;
  ThreadLoop body_loop_{"bodies"};  // reads large bodies
  Gate gate_;
};

}  // namespace shoal
