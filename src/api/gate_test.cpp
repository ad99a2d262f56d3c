#include <gtest/gtest.h>

#include "api/api_server_for_test.h"

namespace shoal {
namespace {

class GateTest : public ApiServerTest {
 protected:
  RawHttpClient::Response ask(const std::string& method, const std::string& headers) {
    RawHttpClient client(server->port());
    client.send(method + " /v1/models HTTP/1.1\r\n" + headers + "\r\n");
    return client.read_response().value();
  }
  int status_of(const std::string& headers) { return ask("GET", headers).status; }
};

TEST_F(GateTest, ANodeAnswersToItsAddressesAndItsOwnNames) {
  settings.allowed_hosts = {"chat.example"};
  start();
  for (const char* host : {"localhost:5", "127.0.0.1", "[::1]:5", "10.0.0.9", "chat.example", "0.0.0.0"}) {
    EXPECT_EQ(status_of("Host: " + std::string(host) + "\r\n"), 200) << host;
  }
  for (const char* host : {"evil.com", "8.8.8.8", "no-such-name-anywhere.local", "evil.com:52415"}) {
    EXPECT_EQ(status_of("Host: " + std::string(host) + "\r\n"), 403) << host;
  }
  for (const char* host : {"", "1.2.3.4%evil.com", "localhost@evil.com", "127.1", "a b"}) {
    EXPECT_EQ(status_of("Host: " + std::string(host) + "\r\n"), 400) << host;
  }
  // What a proxy says of the name it was called by is not to be believed.
  EXPECT_EQ(status_of("Host: evil.com\r\nX-Forwarded-Host: localhost\r\n"), 403);
}

TEST_F(GateTest, PagesOfOtherSitesCannotCall) {
  settings.allowed_origins = {"https://app.example"};
  start();
  for (const char* origin :
       {"https://evil.example", "null", "http://10.0.0.9:3000", "chrome-extension://x"}) {
    for (const char* method : {"GET", "OPTIONS"}) {
      const auto refused = ask(method, "Host: localhost:5\r\nOrigin: " + std::string(origin) + "\r\n");
      EXPECT_EQ(refused.status, 403) << origin;
      EXPECT_FALSE(refused.headers.contains("access-control-allow-origin")) << origin;
    }
  }
  const auto own = ask("GET", "Host: 10.0.0.9:5\r\nOrigin: http://10.0.0.9:5\r\n");
  EXPECT_EQ(own.status, 200);
  EXPECT_FALSE(own.headers.contains("access-control-allow-origin"));
  for (const char* origin : {"https://app.example", "http://localhost:3000", "app://desktop"}) {
    const auto allowed = ask("GET", "Host: localhost:5\r\nOrigin: " + std::string(origin) + "\r\n");
    EXPECT_EQ(allowed.status, 200);
    EXPECT_EQ(allowed.headers.at("access-control-allow-origin"), origin);
    EXPECT_EQ(allowed.headers.at("vary"), "Origin");
    EXPECT_EQ(allowed.headers.at("access-control-expose-headers"), "x-request-id, retry-after");
  }
}

TEST_F(GateTest, APreflightIsAnsweredWithWhatIsAskedFor) {
  start();
  const std::string head =
      "Host: localhost:5\r\nOrigin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n";
  const auto answer =
      ask("OPTIONS", head +
                         "Access-Control-Request-Headers: authorization,content-type,x-stainless-os\r\n"
                         "Access-Control-Request-Private-Network: true\r\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("access-control-allow-origin"), "http://localhost:3000");
  EXPECT_EQ(answer.headers.at("access-control-allow-headers"), "authorization,content-type,x-stainless-os");
  EXPECT_EQ(answer.headers.at("access-control-allow-methods"), "GET, POST, OPTIONS");
  EXPECT_EQ(answer.headers.at("access-control-max-age"), "86400");
  EXPECT_EQ(answer.headers.at("access-control-allow-private-network"), "true");
  const auto plain = ask("OPTIONS", head + "Access-Control-Request-Headers: a;b\r\n");
  EXPECT_EQ(plain.headers.at("access-control-allow-headers"), "authorization, content-type");
  EXPECT_FALSE(plain.headers.contains("access-control-allow-private-network"));
}

TEST_F(GateTest, AStarLetsEveryPageIn) {
  settings.allowed_origins = {"*"};
  start();
  for (const char* origin : {"https://evil.example", "null", "chrome-extension://x"}) {
    const auto answer = ask("GET", "Host: localhost:5\r\nOrigin: " + std::string(origin) + "\r\n");
    EXPECT_EQ(answer.status, 200) << origin;
    EXPECT_EQ(answer.headers.at("access-control-allow-origin"), "*") << origin;
  }
  EXPECT_EQ(ask("OPTIONS", "Host: localhost:5\r\nOrigin: https://x.example\r\n").status, 204);
  EXPECT_EQ(ask("GET", "Host: evil.com\r\nOrigin: https://x.example\r\n").status, 403);
}

TEST_F(GateTest, OptionsWithoutAPageTellTheMethods) {
  start();
  const auto answer = ask("OPTIONS", "Host: localhost\r\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(GateTest, EveryAnswerHasADateAndANumber) {
  start();
  const auto first = ask("GET", "Host: localhost\r\n");
  const auto second = ask("GET", "Host: evil.com\r\n");
  const auto malformed = ask("GET", "Host: localhost\r\nbroken\r\n");
  for (const auto& answer : {first, second, malformed}) {
    EXPECT_TRUE(answer.headers.at("x-request-id").starts_with("req_"));
    EXPECT_TRUE(answer.headers.at("date").ends_with(" GMT"));
  }
  EXPECT_NE(first.headers.at("x-request-id"), second.headers.at("x-request-id"));
  EXPECT_EQ(ask("GET", "Host: localhost\r\nX-Request-Id: mine-1\r\n").headers.at("x-request-id"), "mine-1");
  EXPECT_NE(ask("GET", "Host: localhost\r\nX-Request-Id: a b\r\n").headers.at("x-request-id"), "a b");
}

TEST_F(GateTest, AnEncodedBodyIsA415ThatNamesIt) {
  start();
  for (const char* coding : {"gzip", "br", "zstd, gzip"}) {
    RawHttpClient client(server->port());
    client.send(
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Encoding: " +
        std::string(coding) + "\r\n\r\n\x1f\x8b\x08");
    const auto answer = client.read_response().value();
    EXPECT_EQ(answer.status, 415);
    EXPECT_NE(answer.body.find(coding), std::string::npos) << answer.body;
    EXPECT_EQ(answer.headers.at("accept-encoding"), "identity");
  }
}

}  // namespace
}  // namespace shoal
