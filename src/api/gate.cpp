#include "api/gate.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "api/api_error.h"

namespace shoal {
namespace {

HeadDecision refuse(const Error& error) {
  return {.refusal = error_response(to_api_error(error)), .headers = {}};
}

// True for header names with commas between them; such a text cannot end the header.
bool is_name_list(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 ||
                        std::string_view("-_,. ").find(static_cast<char>(c)) != std::string_view::npos);
  });
}

HeadDecision judge_origin(const AccessRules& rules, const HttpRequest& head,
                          const std::optional<HostAndPort>& host) {
  const std::string* origin = find_header(head.headers, "origin");
  if (origin == nullptr || (host && is_same_origin(*origin, *host))) return {};
  if (is_allowed_origin(rules, *origin)) return let_in(head, *origin, allows_every_origin(rules));
  return refuse({ErrorCode::permission_denied,
                 "pages of another site may not call this node; it can be started with --allow-origin"});
}

}  // namespace

HeadDecision let_in(const HttpRequest& head, const std::string& origin, bool is_open_to_all) {
  HeadDecision decision;
  HttpHeaders& headers = decision.headers;
  headers.emplace_back("Access-Control-Allow-Origin", is_open_to_all ? "*" : origin);
  headers.emplace_back("Vary", "Origin");
  headers.emplace_back("Access-Control-Expose-Headers", "x-request-id, retry-after");
  if (head.method != "OPTIONS") return decision;
  const std::string* wanted = find_header(head.headers, "access-control-request-headers");
  headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  headers.emplace_back("Access-Control-Allow-Headers",
                       wanted != nullptr && is_name_list(*wanted) ? *wanted : "authorization, content-type");
  headers.emplace_back("Access-Control-Max-Age", "86400");
  if (find_header(head.headers, "access-control-request-private-network") != nullptr) {
    headers.emplace_back("Access-Control-Allow-Private-Network", "true");
  }
  decision.refusal = HttpResponse{.status = 204, .content_type = "", .body = "", .headers = {}};
  return decision;
}

void Gate::check(const HttpRequest& head, std::function<void(HeadDecision)> decide) {
  if (!head.host) return decide(judge_origin(rules_, head, std::nullopt));
  const auto host = parse_host(*head.host);
  if (!host) return decide(refuse({ErrorCode::invalid_argument, "the Host header is malformed"}));
  switch (judge_host(rules_, *host, head.own_address)) {
    case HostStanding::own: return decide(judge_origin(rules_, head, host));
    case HostStanding::foreign: return decide(refuse(foreign_host_error(*host)));
    case HostStanding::to_be_looked_up: break;
  }
  own_names_.ask(host->host, head.client_address,
                 [this, head, host, decide = std::move(decide)](OwnNames::Answer answer) {
                   switch (answer) {
                     case OwnNames::Answer::own: return decide(judge_origin(rules_, head, host));
                     case OwnNames::Answer::foreign: return decide(refuse(foreign_host_error(*host)));
                     case OwnNames::Answer::unknown: break;
                   }
                   decide(refuse({ErrorCode::unavailable,
                                  "too many names are being looked up to know whether \"" + host->host +
                                      "\" is one of this node; try again, or call it by its address"}));
                 });
}

}  // namespace shoal
