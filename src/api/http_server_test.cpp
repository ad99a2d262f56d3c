#include "api/http_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "api/raw_http_client_for_test.h"
#include "base/mutex.h"
#include "base/os.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Writer = std::shared_ptr<ResponseWriter>;

// Says back what came, except on the paths that a test sets.
class EchoHandler final : public HttpHandler {
 public:
  std::function<void(const HttpRequest&, const Writer&)> serve;
  std::function<HeadDecision(const HttpRequest&)> decide;
  std::atomic<int64_t> response_count = 0;

  void check_head(const HttpRequest& head, std::function<void(HeadDecision)> done) override {
    done(decide ? decide(head) : HeadDecision{});
  }
  void handle(HttpRequest request, Writer response) override {
    if (serve) return serve(request, response);
    response->send({.status = 200,
                    .content_type = "text/plain",
                    .body = request.method + " " + request.path + " " + request.body,
                    .headers = {}});
  }
  void on_response(const HttpRequest&, int32_t) override { ++response_count; }
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    server.emplace(limits, handler);
    const auto started = server->start("127.0.0.1", 0);
    ASSERT_TRUE(started) << started.error().message;
    port = server->port();
  }

  EchoHandler handler;
  std::optional<HttpServer> server;
  int32_t port = 0;
};

std::string get(const std::string& path, const std::string& headers = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

TEST_F(HttpServerTest, ServesSeveralRequestsOnOneConnection) {
  start();
  RawHttpClient client(port);
  EXPECT_EQ(client.get("/one")->body, "GET /one ");
  EXPECT_EQ(client.post("/two", "body")->body, "POST /two body");
  EXPECT_EQ(client.get("/three?x=1#y")->body, "GET /three ");
}

TEST_F(HttpServerTest, ServesRequestsThatWereSentAheadInTheirOrder) {
  start();
  RawHttpClient client(port);
  client.send(get("/a") + get("/b") + "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" +
              get("/d"));
  for (const char* expected : {"GET /a ", "GET /b ", "POST /c hi", "GET /d "}) {
    EXPECT_EQ(client.read_response()->body, expected);
  }
}

TEST_F(HttpServerTest, ReadsABodyThatComesInPiecesOrInChunks) {
  start();
  RawHttpClient client(port);
  client.send("POST /a HTTP/1.1\r\nHo");
  client.send("st: localhost\r\nContent-Length: 6\r\n\r\nabc");
  client.send("def");
  EXPECT_EQ(client.read_response()->body, "POST /a abcdef");
  client.send(
      "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response()->body, "POST /b abcde");
}

TEST_F(HttpServerTest, TellsAClientThatWaitsToGoOn) {
  start();
  RawHttpClient client(port);
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_head()->status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_response()->body, "POST /a abc");
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  RawHttpClient client(port);
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read_response(/*has_body=*/false);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.at("content-length"), "8");
  EXPECT_EQ(client.get("/b")->body, "GET /b ");
}

TEST_F(HttpServerTest, ClosesWhereTheClientAsksForItOrSpeaksHttp10) {
  start();
  RawHttpClient asking(port);
  asking.send(get("/a", "Connection: close\r\n"));
  EXPECT_EQ(asking.read_response()->headers.at("connection"), "close");
  EXPECT_TRUE(asking.wait_for_close());
  RawHttpClient old(port);
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_response()->body, "GET /a ");
  EXPECT_TRUE(old.wait_for_close());
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttpAndStaysUp) {
  start();
  const std::vector<std::string> garbage{
      "hello\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(32, '\0'),
      std::string("GET /\0 HTTP/1.1\r\n\r\n", 19),
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "GET relative HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  };
  for (const std::string& bytes : garbage) {
    RawHttpClient client(port);
    client.send(bytes);
    const auto response = client.read_response();
    ASSERT_TRUE(response) << bytes;
    EXPECT_EQ(response->status, 400) << bytes;
    EXPECT_TRUE(response->body.starts_with(R"({"error":{"message":")")) << response->body;
    EXPECT_TRUE(client.wait_for_close()) << bytes;
  }
  EXPECT_EQ(RawHttpClient(port).get("/still")->body, "GET /still ");
}

TEST_F(HttpServerTest, RefusesHeadersAndBodiesOverTheLimit) {
  start({.header_bytes = 1024, .body_bytes = 2048});
  RawHttpClient long_header(port);
  long_header.send(get("/a", "X: " + std::string(5000, 'x') + "\r\n"));
  EXPECT_EQ(long_header.read_response()->status, 431);
  EXPECT_TRUE(long_header.wait_for_close());

  RawHttpClient announced(port);
  announced.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2049\r\n\r\n" + std::string(2049, 'x'));
  EXPECT_EQ(announced.read_response()->status, 413);
  EXPECT_TRUE(announced.wait_for_close());

  RawHttpClient chunked(port);
  chunked.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string("900\r\n") +
               std::string(0x900, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_response()->status, 413);

  EXPECT_EQ(RawHttpClient(port).post("/a", std::string(2048, 'x'))->status, 200);
}

TEST_F(HttpServerTest, AClientThatSendsNothingOrHalfARequestIsClosed) {
  start({.header_deadline = milliseconds(50), .body_deadline = milliseconds(50)});
  RawHttpClient silent(port), half_head(port), half_body(port);
  half_head.send("GET / HTTP/1.1\r\nHo");
  half_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(silent.wait_for_close());
  EXPECT_TRUE(half_head.wait_for_close());
  EXPECT_TRUE(half_body.wait_for_close());
}

TEST_F(HttpServerTest, ARequestMayBeRefusedBeforeItsBodyIsRead) {
  handler.decide = [](const HttpRequest& head) {
    HeadDecision decision{.refusal = std::nullopt, .headers = {{"X-Always", "yes"}}};
    if (head.path == "/no") decision.refusal = HttpResponse{.status = 403, .body = "no", .headers = {}};
    return decision;
  };
  start();
  RawHttpClient with_body(port);
  with_body.send("POST /no HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n");
  const auto refused = with_body.read_response();
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(refused->headers.at("x-always"), "yes");

  RawHttpClient without_body(port);
  EXPECT_EQ(without_body.get("/no")->status, 403);
  EXPECT_EQ(without_body.get("/yes")->headers.at("x-always"), "yes");
}

TEST_F(HttpServerTest, MoreConnectionsThanTheLimitAreToldToComeBack) {
  handler.serve = [](const HttpRequest&, const Writer& response) {
    response->begin_stream({.status = 200, .body = "", .headers = {}}, "");
  };
  start({.connections = 2});
  RawHttpClient first(port), second(port);
  for (RawHttpClient* busy : {&first, &second}) {
    busy->send(get("/a"));
    EXPECT_EQ(busy->read_head()->status, 200);
  }
  RawHttpClient third(port);
  const auto refused = third.get("/a");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->headers.at("retry-after"), "1");
  EXPECT_TRUE(third.wait_for_close());
}

TEST_F(HttpServerTest, IdleConnectionsMakeRoomForThoseThatCome) {
  start({.connections = 3});
  RawHttpClient oldest(port), half(port), kept(port);
  half.send("GET / HT");
  EXPECT_EQ(kept.get("/a")->status, 200);
  RawHttpClient next(port);
  EXPECT_EQ(next.get("/b")->status, 200);
  EXPECT_TRUE(oldest.wait_for_close());
  RawHttpClient last(port);
  EXPECT_EQ(last.get("/c")->status, 200);
  EXPECT_TRUE(half.wait_for_close());
  EXPECT_EQ(kept.get("/d")->status, 200);
}

TEST_F(HttpServerTest, LargeBodiesTogetherHaveALimit) {
  std::promise<Writer> kept;
  handler.serve = [&](const HttpRequest& request, const Writer& response) {
    if (request.path == "/keep") return kept.set_value(response);
    response->send({.status = 200, .body = "", .headers = {}});
  };
  start({.body_budget_bytes = 3000, .small_body_bytes = 1000});
  RawHttpClient first(port);
  first.send_post("/keep", std::string(3500, 'x'));
  const Writer writer = kept.get_future().get();
  RawHttpClient second(port), small(port);
  const auto refused = second.post("/a", std::string(2000, 'x'));
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->headers.at("retry-after"), "1");
  EXPECT_EQ(small.post("/a", std::string(1000, 'x'))->status, 200);
  writer->post([writer] { writer->send({.status = 200, .body = "", .headers = {}}); });
  EXPECT_EQ(first.read_response()->status, 200);
  EXPECT_EQ(first.post("/a", std::string(4000, 'x'))->status, 200);
  EXPECT_EQ(small.post("/a", std::string(4000, 'x'))->status, 200);
}

TEST_F(HttpServerTest, ABodyIsNeverTakenForASecondRequest) {
  start();
  const std::string second = get("/smuggled");
  const std::string length = "Content-Length: " + std::to_string(second.size());
  for (const std::string& framing :
       {std::string("Transfer-Encoding: xchunked"), length + "\r\n" + length,
        length + "\r\nTransfer-Encoding: chunked", length + "\r\nContent-Length: 0",
        std::string("X: y\r\n Transfer-Encoding: chunked")}) {
    RawHttpClient client(port);
    client.send("POST /a HTTP/1.1\r\nHost: x\r\n" + framing + "\r\n\r\n" + second);
    const auto response = client.read_response();
    ASSERT_TRUE(response) << framing;
    EXPECT_EQ(response->status, 400) << framing;
    EXPECT_TRUE(client.wait_for_close()) << framing;
  }
  for (const std::string body :
       {"3\nabc\n0\n\n", "3 x\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n", "\r\n\r\n"}) {
    RawHttpClient client(port);
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
                get("/smuggled"));
    const auto response = client.read_response();
    ASSERT_TRUE(response) << body;
    EXPECT_EQ(response->status, 400) << body;
    EXPECT_TRUE(client.wait_for_close()) << body;
  }
}

TEST_F(HttpServerTest, AnEmptyLineBeforeARequestIsSkipped) {
  start();
  RawHttpClient client(port);
  client.send("\r\n" + get("/a") + "\r\n\r\n" + get("/b"));
  EXPECT_EQ(client.read_response()->body, "GET /a ");
  EXPECT_EQ(client.read_response()->body, "GET /b ");
}

TEST_F(HttpServerTest, EverywhereMeansIpv6Too) {
  server.emplace(HttpLimits{}, handler);
  const auto started = server->start("::", 0);
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(RawHttpClient(server->port()).get("/a")->status, 200);
  const auto own = os::interface_addresses();
  const bool has_v6 = std::ranges::find(own, "::1", &os::InterfaceAddress::address) != own.end();
  if (!has_v6) GTEST_SKIP() << "this machine has no IPv6";
  HttpServer second({}, handler);
  EXPECT_FALSE(second.start("::1", server->port()));  // it is taken
}

TEST_F(HttpServerTest, StreamsInChunksAndKeepsTheConnection) {
  handler.serve = [](const HttpRequest&, const Writer& response) {
    response->begin_stream({.status = 200, .content_type = "text/event-stream", .body = "", .headers = {}},
                           ": beat\n\n");
    std::thread([response] {
      response->post([response] { response->write("one"); });
      response->post([response] { response->write(""); });
      response->post([response] {
        response->write("two");
        response->end_stream();
        response->write("after the end");
      });
    }).join();
  };
  start();
  RawHttpClient client(port);
  EXPECT_EQ(client.get("/")->body, "onetwo");
  EXPECT_EQ(client.get("/")->body, "onetwo");
  RawHttpClient old(port);
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(old.read_head()->headers.contains("transfer-encoding"));
  EXPECT_TRUE(old.read_until("onetwo"));
  EXPECT_TRUE(old.wait_for_close());
}

TEST_F(HttpServerTest, AStreamWithNothingToSayBeats) {
  handler.serve = [](const HttpRequest&, const Writer& response) {
    response->begin_stream({.status = 200, .body = "", .headers = {}}, ": beat\n\n");
  };
  start({.heartbeat_interval = milliseconds(10)});
  RawHttpClient client(port);
  client.send(get("/"));
  EXPECT_EQ(client.read_head()->status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_chunk(), ": beat\n\n");
}

// The reason that a handler is told, once it is told.
std::future<Interruption> catch_interruption(EchoHandler& handler, bool is_stream) {
  auto promise = std::make_shared<std::promise<Interruption>>();
  handler.serve = [promise, is_stream](const HttpRequest&, const Writer& response) {
    response->on_interrupted([promise, weak = std::weak_ptr(response)](Interruption reason) {
      promise->set_value(reason);
      if (reason == Interruption::client_gone) return;
      const auto writer = weak.lock();
      if (writer == nullptr) return;
      writer->write("interrupted");
      writer->end_stream();
      writer->send({.status = 504, .body = "interrupted", .headers = {}});
    });
    if (is_stream) response->begin_stream({.status = 200, .body = "", .headers = {}}, ": beat\n\n");
  };
  return promise->get_future();
}

TEST_F(HttpServerTest, TheHandlerLearnsAtOnceThatTheClientHasGone) {
  for (const bool is_stream : {false, true}) {
    auto interrupted = catch_interruption(handler, is_stream);
    if (!server) start();
    RawHttpClient client(port);
    client.send(get("/"));
    if (is_stream) {
      EXPECT_EQ(client.read_head()->status, 200);
    }
    client.disconnect();
    ASSERT_EQ(interrupted.wait_for(seconds(10)), std::future_status::ready);
    EXPECT_EQ(interrupted.get(), Interruption::client_gone);
  }
}

TEST_F(HttpServerTest, ARequestWithoutProgressIsInterruptedAndStillAnswered) {
  auto interrupted = catch_interruption(handler, /*is_stream=*/false);
  start({.response_timeout = milliseconds(50)});
  RawHttpClient client(port);
  EXPECT_EQ(client.get("/")->status, 504);
  EXPECT_EQ(interrupted.get(), Interruption::silent_too_long);
}

TEST_F(HttpServerTest, AHandlerThatForgetsItsRequestDoesNotHoldTheClient) {
  handler.serve = [](const HttpRequest&, const Writer&) {};
  start({.response_timeout = milliseconds(20), .stop_grace = milliseconds(20)});
  RawHttpClient client(port);
  client.send(get("/"));
  EXPECT_TRUE(client.wait_for_close());
}

TEST_F(HttpServerTest, AClientThatDoesNotReadIsCutOffAtTheQueueLimit) {
  std::promise<Interruption> interrupted;
  handler.serve = [&](const HttpRequest&, const Writer& response) {
    response->on_interrupted([&](Interruption reason) { interrupted.set_value(reason); });
    response->begin_stream({.status = 200, .body = "", .headers = {}}, "");
    const std::string piece(64 << 10, 'x');  // sockets on loopback hold some megabytes
    for (int i = 0; i < 1000; ++i) {
      response->post([response, piece] { response->write(piece); });
    }
  };
  start({.send_queue_bytes = 256 << 10});
  RawHttpClient client(port, /*receive_buffer=*/4096);
  client.send(get("/"));
  auto reason = interrupted.get_future();
  ASSERT_EQ(reason.wait_for(seconds(10)), std::future_status::ready);
  EXPECT_EQ(reason.get(), Interruption::client_gone);
  EXPECT_TRUE(client.wait_for_close());
}

TEST_F(HttpServerTest, AClientThatTakesNoByteIsCutOffAtTheDeadline) {
  auto interrupted = std::make_shared<std::promise<Interruption>>();
  handler.serve = [&](const HttpRequest&, const Writer& response) {
    response->on_interrupted([interrupted](Interruption reason) { interrupted->set_value(reason); });
    response->begin_stream({.status = 200, .body = "", .headers = {}}, "");
    response->write(std::string(16 << 20, 'x'));
  };
  start({.send_queue_bytes = 32 << 20, .write_deadline = milliseconds(100)});
  RawHttpClient client(port, /*receive_buffer=*/4096);
  client.send(get("/"));
  auto reason = interrupted->get_future();
  ASSERT_EQ(reason.wait_for(seconds(10)), std::future_status::ready);
  EXPECT_EQ(reason.get(), Interruption::client_gone);
}

TEST_F(HttpServerTest, TooManyWaitingTasksEndTheConnection) {
  std::promise<bool> refused;
  handler.serve = [&](const HttpRequest&, const Writer& response) {
    bool was_refused = false;
    for (int i = 0; i < 20; ++i) was_refused |= !response->post([] {});
    refused.set_value(was_refused);
  };
  start({.waiting_tasks = 10});
  RawHttpClient client(port);
  client.send(get("/"));
  EXPECT_TRUE(refused.get_future().get());
  EXPECT_TRUE(client.wait_for_close());
}

TEST_F(HttpServerTest, StopTellsThoseWhoWaitAndReturns) {
  auto interrupted = catch_interruption(handler, /*is_stream=*/true);
  start();
  RawHttpClient idle(port), streaming(port);
  streaming.send(get("/"));
  EXPECT_EQ(streaming.read_head()->status, 200);
  server->stop();
  EXPECT_EQ(interrupted.get(), Interruption::server_stopping);
  EXPECT_EQ(streaming.read_chunk(), "interrupted");
  EXPECT_TRUE(streaming.wait_for_close());
  EXPECT_TRUE(idle.wait_for_close());
  EXPECT_EQ(server->connection_count(), 0);
  server->stop();
}

TEST_F(HttpServerTest, StopCutsAnAnswerThatDoesNotEnd) {
  std::promise<Writer> kept;
  handler.serve = [&](const HttpRequest&, const Writer& response) { kept.set_value(response); };
  start({.stop_grace = milliseconds(20)});
  RawHttpClient client(port);
  client.send(get("/"));
  Writer response = kept.get_future().get();
  server->stop();
  EXPECT_TRUE(client.wait_for_close());
  server.reset();
  EXPECT_FALSE(response->post([] { FAIL() << "runs on a server that is gone"; }));
}

TEST_F(HttpServerTest, AServerThatNeverStartedCanStop) {
  HttpServer never({}, handler);
  never.stop();
}

TEST_F(HttpServerTest, APortInUseAndAnAddressOfOthersAreErrorsThatNameThem) {
  start();
  HttpServer second({}, handler);
  const auto taken = second.start("127.0.0.1", port);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::unavailable);
  EXPECT_NE(taken.error().message.find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << taken.error().message;
  HttpServer elsewhere({}, handler);
  EXPECT_EQ(elsewhere.start("192.0.2.1", 0).error().code, ErrorCode::invalid_argument);
  HttpServer nowhere({}, handler);
  EXPECT_EQ(nowhere.start("127.0.0.1", 70000).error().code, ErrorCode::invalid_argument);
}

TEST_F(HttpServerTest, ManyClientsThatComeAndGoLeaveNothingBehind) {
  handler.serve = [](const HttpRequest& request, const Writer& response) {
    if (request.path == "/quick") return response->send({.status = 200, .body = "ok", .headers = {}});
    response->begin_stream({.status = 200, .body = "", .headers = {}}, ": beat\n\n");
    response->write("x");
  };
  start({.connections = 1000});
  for (int round = 0; round < 100; ++round) {
    RawHttpClient quick(port), streaming(port), half(port), silent(port);
    half.send("GET / HT");
    streaming.send(get("/stream"));
    EXPECT_EQ(quick.get("/quick")->body, "ok");
    EXPECT_EQ(streaming.read_head()->status, 200);
  }
  // The last of them close in their own time.
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (server->connection_count() > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_EQ(server->connection_count(), 0);
}

}  // namespace
}  // namespace shoal
