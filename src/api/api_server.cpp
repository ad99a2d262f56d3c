#include "api/api_server.h"

#include "api/routes.h"
#include "base/log.h"
#include "base/os.h"

namespace shoal {

namespace {

Result<AccessRules> access_rules(const ApiSettings& settings) {
  return check_access_rules({.own_host_name = os::host_name(),
                             .allowed_hosts = settings.allowed_hosts,
                             .allowed_origins = settings.allowed_origins});
}

}  // namespace

struct ApiServer::State {
  State(ApiSettings its_settings, ApiBackend& backend)
      : settings(std::move(its_settings)),
        routes(settings, access_rules(settings).value_or(AccessRules{}),  // start() reports wrong rules
               backend, [this] { return http.connection_count(); }),
        http(settings.http, routes) {}

  const ApiSettings settings;
  Routes routes;
  HttpServer http;
};

ApiServer::ApiServer(ApiSettings settings, ApiBackend& backend)
    : state_(std::make_unique<State>(std::move(settings), backend)) {}
ApiServer::~ApiServer() { stop(); }

Result<void> ApiServer::start() {
  if (const auto rules = access_rules(state_->settings); !rules) return fail(rules.error());
  auto started = state_->http.start(state_->settings.host, state_->settings.port);
  if (started) log_debug(1, "HTTP: listening on {}:{}", state_->settings.host, port());
  return started;
}

int32_t ApiServer::port() const { return state_->http.port(); }
void ApiServer::stop() { state_->http.stop(); }

}  // namespace shoal
