// What is served where, as a table, and what each route answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/api_error.h"
#include "api/api_server.h"
#include "api/completion_job.h"
#include "api/generation_options.h"
#include "api/http_server.h"
#include "api/metrics.h"

namespace shoal {

class Routes final : public HttpHandler {
 public:
  // The backend outlives this. `connection_count` is asked for GET /metrics.
  Routes(const ApiSettings& settings, AccessRules access, ApiBackend& backend,
         std::function<int64_t()> connection_count);

  HeadDecision check_head(const HttpRequest& head) override;
  void handle(HttpRequest request, std::shared_ptr<ResponseWriter> response) override;
  void on_response(const HttpRequest& head, int32_t status) override;

 private:
  using Writer = std::shared_ptr<ResponseWriter>;
  using Serve = void (Routes::*)(const HttpRequest& request, const Writer& response);
  struct Route {
    std::string_view method;
    std::string_view path;  // one that ends with '/' and is longer stands for all below it
    Serve serve;
  };
  static const std::vector<Route>& table();
  static bool matches(const Route& route, std::string_view path);

  void list_models(const HttpRequest& request, const Writer& response);
  void show_model(const HttpRequest& request, const Writer& response);
  void show_topology(const HttpRequest& request, const Writer& response);
  void show_status(const HttpRequest& request, const Writer& response);
  void show_metrics(const HttpRequest& request, const Writer& response);
  void show_health(const HttpRequest& request, const Writer& response);
  void show_page(const HttpRequest& request, const Writer& response);
  void complete_chat(const HttpRequest& request, const Writer& response);
  void complete_text(const HttpRequest& request, const Writer& response);
  void unload_model(const HttpRequest& request, const Writer& response);
  void quit(const HttpRequest& request, const Writer& response);

  ApiResult<std::string> choose_model(const std::optional<std::string>& wish) const;
  CompletionPlan plan_completion(AnswerKind kind, const GenerationOptions& options, const ToolUse& tools,
                                 std::string model, std::vector<Prompt> prompts) const;

  const ApiSettings settings_;
  const AccessRules access_;
  ApiBackend& backend_;
  const std::function<int64_t()> connection_count_;
  const int64_t started_;  // seconds since 1970
  Metrics metrics_;
};

}  // namespace shoal
