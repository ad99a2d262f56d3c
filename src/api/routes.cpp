#include "api/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "api/chat_request.h"
#include "api/cluster_format.h"
#include "api/completion_request.h"
#include "api/model_names.h"
#include "api/web_files.h"
#include "base/os.h"
#include "service/unknown_model.h"

namespace shoal {
namespace {

constexpr size_t large_body_bytes = 64 << 10;

void send_json(ResponseWriter& response, std::string body) {
  response.send({.status = 200, .body = std::move(body), .headers = {}});
}

void send_error(ResponseWriter& response, const ApiError& error) { response.send(error_response(error)); }

ApiError refusal(int32_t status, std::string message) {
  return {.status = status, .message = std::move(message), .param = std::nullopt, .code = std::nullopt};
}

ApiError no_such_model(const std::string& name, const std::vector<ModelView>& models) {
  std::vector<std::string> known;
  for (const ModelView& model : models) known.push_back(model.name);
  return {.status = 404,
          .message = unknown_model(name, known).message,
          .param = std::string("model"),
          .code = std::string("model_not_found")};
}

int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

const std::vector<Routes::Route>& Routes::table() {
  static const std::vector<Route> route_table{
      {"POST", "/v1/chat/completions", &Routes::complete_chat},
      {"POST", "/chat/completions", &Routes::complete_chat},
      {"POST", "/v1/completions", &Routes::complete_text},
      {"POST", "/completions", &Routes::complete_text},
      {"GET", "/v1/models", &Routes::list_models},
      {"GET", "/models", &Routes::list_models},
      {"GET", "/v1/models/", &Routes::show_model},
      {"GET", "/v1/topology", &Routes::show_topology},
      {"GET", "/topology", &Routes::show_topology},
      {"GET", "/v1/status", &Routes::show_status},
      {"GET", "/healthcheck", &Routes::show_health},
      {"GET", "/metrics", &Routes::show_metrics},
      {"POST", "/unload", &Routes::unload_model},
      {"POST", "/quit", &Routes::quit},
      {"GET", "/", &Routes::show_page},
      {"GET", "/index.html", &Routes::show_page},
      {"GET", "/app.css", &Routes::show_page},
      {"GET", "/app.js", &Routes::show_page},
      {"GET", "/chats.js", &Routes::show_page},
  };
  return route_table;
}

bool Routes::matches(const Route& route, std::string_view path) {
  if (route.path.size() > 1 && route.path.ends_with('/')) {
    return path.starts_with(route.path) && path.size() > route.path.size();
  }
  return route.path == path;
}

Routes::Routes(const ApiSettings& settings, AccessRules access, ApiBackend& backend,
               std::function<int64_t()> connection_count)
    : settings_(settings),
      backend_(backend),
      connection_count_(std::move(connection_count)),
      started_(seconds_since_1970()),
      gate_(std::move(access)) {}

void Routes::check_head(const HttpRequest& head, std::function<void(HeadDecision)> decide) {
  gate_.check(head, [this, head, decide = std::move(decide)](HeadDecision decision) {
    decision.headers.emplace_back("X-Content-Type-Options", "nosniff");
    if (!decision.refusal) check_route(head, decision);
    decide(std::move(decision));
  });
}

void Routes::check_route(const HttpRequest& head, HeadDecision& decision) const {
  std::string methods;
  const std::string_view method = head.method == "HEAD" ? "GET" : std::string_view(head.method);
  for (const Route& route : table()) {
    if (!matches(route, head.path)) continue;
    if (route.method == method) return;
    methods += methods.empty() ? "" : ", ";
    methods += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (head.method == "OPTIONS" && (!methods.empty() || head.path == "*")) {
    decision.refusal = HttpResponse{.status = 204, .content_type = "", .body = "", .headers = {}};
    decision.refusal->headers.emplace_back(
        "Allow", methods.empty() ? "GET, HEAD, POST, OPTIONS" : methods + ", OPTIONS");
  } else if (methods.empty()) {
    decision.refusal =
        error_response(refusal(404, fmt::format("there is nothing at {}", head.path.substr(0, 200))));
  } else {
    decision.refusal =
        error_response(refusal(405, fmt::format("{} takes {}, not {}", head.path.substr(0, 200), methods,
                                                head.method.substr(0, 20))));
    decision.refusal->headers.emplace_back("Allow", methods);
  }
}

void Routes::handle(HttpRequest request, std::shared_ptr<ResponseWriter> response) {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto route = std::ranges::find_if(table(), [&](const Route& candidate) {
    return candidate.method == method && matches(candidate, request.path);
  });
  (this->*route->serve)(request, response);  // check_head() has let only requests with a route through
}

void Routes::on_response(const HttpRequest& head, int32_t status) {
  const auto route =
      std::ranges::find_if(table(), [&](const Route& candidate) { return matches(candidate, head.path); });
  metrics_.count_response(route == table().end() ? "other" : route->path, status);
}

void Routes::list_models(HttpRequest&, const Writer& response) {
  send_json(*response, format_models(backend_.models(), started_));
}

void Routes::show_model(HttpRequest& request, const Writer& response) {
  const std::string name = request.path.substr(std::string_view("/v1/models/").size());
  const std::vector<ModelView> models = backend_.models();
  const ModelView* model = find_model(models, name);
  if (model == nullptr) return send_error(*response, no_such_model(name, models));
  send_json(*response, format_model(*model, started_));
}

void Routes::show_topology(HttpRequest&, const Writer& response) {
  send_json(*response, format_topology(backend_.cluster()));
}

void Routes::show_status(HttpRequest&, const Writer& response) {
  send_json(*response, format_status(backend_.cluster(), backend_.status(), metrics_.tokens_per_second(),
                                     settings_.default_model));
}

void Routes::show_health(HttpRequest&, const Writer& response) { send_json(*response, R"({"status":"ok"})"); }

void Routes::show_metrics(HttpRequest&, const Writer& response) {
  response->send({.status = 200,
                  .content_type = "text/plain; version=0.0.4; charset=utf-8",
                  .body = metrics_.format(backend_.cluster(), backend_.status(), connection_count_()),
                  .headers = {}});
}

void Routes::show_page(HttpRequest& request, const Writer& response) {
  const WebFile* file = find_web_file(request.path == "/" ? "/index.html" : request.path);
  if (file == nullptr) return send_error(*response, refusal(404, "this build has no web page"));
  response->send({.status = 200,
                  .content_type = std::string(file->content_type),
                  .body = std::string(file->body),
                  .headers = {{"Cache-Control", "no-cache"},
                              {"Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'"}}});
}

// Reads a small body here and a large one on another thread, so that it never holds up the threads that write
// streams.
void Routes::complete(HttpRequest& request, const Writer& response, MakePlan make_plan) {
  const auto start = [this, response](ApiResult<CompletionPlan> plan) {
    if (!plan) return send_error(*response, plan.error());
    start_completion(backend_, metrics_, std::move(*plan), response);
  };
  if (request.body.size() <= large_body_bytes) return start((this->*make_plan)(request.body));
  const auto is_wanted = std::make_shared<std::atomic<bool>>(true);
  response->on_interrupted([is_wanted, weak = std::weak_ptr(response)](Interruption reason) {
    is_wanted->store(false);
    if (const auto writer = weak.lock(); writer && reason != Interruption::client_gone) {
      send_error(*writer, refusal(503, "this request could not be read in time; try again"));
    }
  });
  const auto body = std::make_shared<std::string>(std::move(request.body));
  const bool is_posted = body_loop_.post([this, start, is_wanted, make_plan, body, response] {
    if (!*is_wanted) return;
    const auto plan = std::make_shared<ApiResult<CompletionPlan>>((this->*make_plan)(*body));
    *body = std::string();
    os::give_back_memory();
    response->post([start, is_wanted, plan] {
      if (*is_wanted) start(std::move(*plan));
    });
  });
  if (!is_posted) send_error(*response, refusal(503, "this node is stopping or overloaded"));
}

ApiResult<CompletionPlan> Routes::plan_chat(std::string_view body) const {
  const auto chat = parse_chat_request(body);
  if (!chat) return std::unexpected(chat.error());
  auto model = choose_model(chat->options.model);
  if (!model) return std::unexpected(model.error());
  std::vector<Prompt> prompts{PromptChat{make_chat_context(*chat, settings_.system_prompt)}};
  CompletionPlan plan = plan_completion(AnswerKind::chat, chat->options, chat->tools.use, std::move(*model),
                                        std::move(prompts));
  if (chat->tools.are_functions) plan.shape.calls = CallShape::function;
  plan.calls = {.tools = ToolSet(chat->tools.tools), .has_parallel_calls = chat->tools.use.is_parallel};
  return plan;
}

ApiResult<CompletionPlan> Routes::plan_text(std::string_view body) const {
  auto text = parse_completion_request(body);
  if (!text) return std::unexpected(text.error());
  auto model = choose_model(text->options.model);
  if (!model) return std::unexpected(model.error());
  std::vector<std::string> echoes;
  if (text->echoes) {
    for (const Prompt& prompt : text->prompts) echoes.push_back(std::get<PromptText>(prompt).text);
  }
  CompletionPlan plan = plan_completion(AnswerKind::completion, text->options, ToolUse(), std::move(*model),
                                        std::move(text->prompts));
  plan.echoes = std::move(echoes);
  return plan;
}

void Routes::unload_model(HttpRequest& request, const Writer& response) {
  const auto object = parse_request_object(request.body);
  if (!object) return send_error(*response, object.error());
  std::optional<ApiError> error;
  RequestFields fields(*object, error);
  const auto model = fields.text("model");
  if (!model) fields.reject("model", "must be the name of a model", "missing_field");
  if (error) return send_error(*response, *error);
  response->on_interrupted([weak = std::weak_ptr(response)](Interruption reason) {
    if (const auto writer = weak.lock(); writer && reason != Interruption::client_gone) {
      send_error(*writer, refusal(503, "the model may not be unloaded yet: there was no answer in time"));
    }
  });
  const std::vector<ModelView> models = backend_.models();
  const ModelView* known = find_model(models, *model);
  const std::string name = known != nullptr ? known->name : *model;
  backend_.unload(name, [response, model = name](Result<void> outcome) {
    response->post([response, model, outcome] {
      if (!outcome) return send_error(*response, to_api_error(outcome.error()));
      send_json(*response,
                format_json(Value::Object{{"status", "success"}, {"message", model + " is unloaded"}}));
    });
  });
}

void Routes::quit(HttpRequest& request, const Writer& response) {
  if (!is_loopback_address(request.client_address)) {
    return send_error(*response, refusal(403, "only a program on this machine may end the node"));
  }
  backend_.quit();
  send_json(*response, R"({"detail":"Quit signal received"})");
}

// "gpt-…" stands for whatever the node serves, as clients written for OpenAI expect.
ApiResult<std::string> Routes::choose_model(const std::optional<std::string>& wish) const {
  const auto& standard = settings_.default_model;
  if (!wish || wish->empty()) {
    if (standard) return *standard;
    return std::unexpected(ApiError{.status = 400,
                                    .message = "model is missing, and this node has no default model",
                                    .param = std::string("model"),
                                    .code = std::string("missing_field")});
  }
  const std::vector<ModelView> models = backend_.models();
  if (const ModelView* model = find_model(models, *wish)) return model->name;
  const std::string name = plain_model_name(*wish);
  if (is_openai_model(name) && standard) return *standard;
  // Over HTTP a model is asked for by name, so a path is never looked for.
  if (name.find_first_of("/\\") != std::string::npos || name == "..") {
    return std::unexpected(no_such_model(*wish, models));
  }
  return name;  // the service explains why it has no such model
}

CompletionPlan Routes::plan_completion(AnswerKind kind, const GenerationOptions& options,
                                       const ToolUse& tools, std::string model,
                                       std::vector<Prompt> prompts) const {
  const ClusterView cluster = backend_.cluster();
  CompletionPlan plan{
      .shape = {.kind = kind,
                .id = make_random_id(kind == AnswerKind::chat ? "chatcmpl-" : "cmpl-"),
                .created = seconds_since_1970(),
                .model = model,
                .fingerprint = "shoal_" + (cluster.nodes.empty() ? "" : cluster.nodes.front().version),
                .has_logprobs = options.settings.top_logprobs.has_value(),
                .includes_usage = options.includes_usage},
      .is_stream = options.is_stream,
      .tells_progress = options.includes_progress,
      .requests = {}};
  RequestSettings settings = options.settings;
  const int64_t cap = settings_.max_generate_tokens;
  settings.max_tokens = std::min(settings.max_tokens.value_or(cap), cap);
  settings.min_tokens = std::min(settings.min_tokens, cap);
  settings.sampling.default_temperature = settings_.default_temperature;
  for (Prompt& prompt : prompts) {
    plan.requests.push_back({.request = make_random_id("request-"),
                             .model = model,
                             .prompt = std::move(prompt),
                             .tools = tools,
                             .settings = settings});
  }
  return plan;
}

}  // namespace shoal
