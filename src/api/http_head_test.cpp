#include "api/http_head.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal {
namespace {

std::expected<HttpHead, HeadFault> parse(const std::string& lines) { return parse_head(lines + "\r\n\r\n"); }

int32_t status_of(const std::string& lines) {
  const auto head = parse(lines);
  return head ? 200 : head.error().status;
}

TEST(HttpHead, HasMethodTargetVersionAndHeaders) {
  const auto head = parse("POST /v1/x?y=1 HTTP/1.1\r\nHost: attic:5\r\nX-A:  b c\t\r\nEmpty:");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/v1/x?y=1");
  EXPECT_TRUE(head->is_http_1_1);
  EXPECT_EQ(head->host, "attic:5");
  EXPECT_EQ(head->headers, (HttpHeaders{{"host", "attic:5"}, {"x-a", "b c"}, {"empty", ""}}));
  EXPECT_EQ(*find_header(head->headers, "x-a"), "b c");
  EXPECT_EQ(find_header(head->headers, "x-b"), nullptr);
}

TEST(HttpHead, EndsAtTheFirstEmptyLineHoweverItComes) {
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string bytes = head + "GET /next";
  for (size_t piece = 1; piece < bytes.size(); ++piece) {
    std::optional<size_t> end;
    size_t searched = 0;
    for (size_t size = piece; !end && size <= bytes.size() + piece; size += piece) {
      const std::string_view come = std::string_view(bytes).substr(0, size);
      const auto found = find_head_end(come, searched);
      ASSERT_TRUE(found);
      end = *found;
      searched = come.size();
    }
    EXPECT_EQ(end, head.size()) << piece;
  }
}

TEST(HttpHead, EmptyLinesBeforeARequestAreSkipped) {
  EXPECT_EQ(count_empty_lines("GET"), 0u);
  EXPECT_EQ(count_empty_lines("\r\nGET"), 2u);
  EXPECT_EQ(count_empty_lines("\r\n\r\nGET"), 4u);
  EXPECT_EQ(count_empty_lines("\r"), 0u);
  EXPECT_EQ(count_empty_lines("\nGET"), 0u);
}

TEST(HttpHead, WhatCanBeNoHeadIsToldBeforeItEnds) {
  const std::vector<std::string> garbage{
      "\n",       "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: x\n", "GET /\rHost: x",
      "GET \x01", "GET /\x7f",        std::string("\0", 1),          "\x16\x03\x01\x02",
      "\r\r\n",   "a\x1b[0m"};
  for (const std::string& bytes : garbage) {
    EXPECT_FALSE(find_head_end(bytes, 0)) << bytes;
    // However it comes: the last byte that was searched may be a half line end.
    std::expected<std::optional<size_t>, HeadFault> found = std::optional<size_t>();
    for (size_t size = 1; found && size <= bytes.size(); ++size)
      found = find_head_end(bytes.substr(0, size), size - 1);
    EXPECT_FALSE(found) << bytes;
  }
}

TEST(HttpHead, WhatTwoReadersCouldTakeForDifferentRequestsIsRefused) {
  const std::string start = "POST / HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(status_of(start + "Transfer-Encoding: chunked"), 200);
  EXPECT_EQ(status_of(start + "Transfer-Encoding: Chunked"), 200);
  EXPECT_EQ(status_of(start + "Content-Length: 12"), 200);
  EXPECT_EQ(status_of(start + "Content-Length:\t0012 "), 200);
  for (const char* headers : {
           "Transfer-Encoding: xchunked",
           "Transfer-Encoding: chunked, chunked",
           "Transfer-Encoding: gzip, chunked",
           "Transfer-Encoding: chunked, identity",
           "Transfer-Encoding: identity",
           "Transfer-Encoding:",
           "Transfer-Encoding: \"chunked\"",
           "Transfer-Encoding: chunked;q=1",
           "Transfer-Encoding: \x0b"
           "chunked",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
           "Transfer-Encoding: chunked\r\nContent-Length: 3",
           "Content-Length: 3\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding : chunked",
           " Transfer-Encoding: chunked",
           "Transfer-Encoding\t: chunked",
           "X: a\r\n Transfer-Encoding: chunked",
           "X: a\r\n\tb",
           "Content-Length: 3\r\nContent-Length: 4",
           "Content-Length: 3\r\nContent-Length: 3",
           "Content-Length: 3, 3",
           "Content-Length: +3",
           "Content-Length: -1",
           "Content-Length: 0x3",
           "Content-Length: 3a",
           "Content-Length: 3 4",
           "Content-Length:",
           "Content-Length: 99999999999999999999",
           "Content-Length: 1e3",
           "Host: y",
           "Host: x",
           "Origin: a\r\nOrigin: b",
           "no colon",
           ": no name",
           "a b: c",
           "\xc3\xbc: c",
           "Content-Encoding: gzip\r\nContent-Encoding: identity",
           "X: a\x01",
           "X: a\x7f",
       }) {
    EXPECT_EQ(status_of(start + headers), 400) << headers;
  }
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n Host: x"), 400);
}

TEST(HttpHead, AFirstLineHasThreeWordsAndOneBlankBetweenThem) {
  for (const char* line :
       {"GET / HTTP/1.1", "M-SEARCH * HTTP/1.1", "GET /a%20b?c=http://x HTTP/1.1", "GET / HTTP/1.0"}) {
    EXPECT_EQ(status_of(std::string(line) + "\r\nHost: x"), 200) << line;
  }
  for (const char* line :
       {"GET", "GET /", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1", "GET\t/ HTTP/1.1", "GET / HTTP/9.9", "GET / HTTP/1.2", "GET / http/1.1",
        "GET / HTTP/1.1x", "GET / HTTP/01.1", "G(T / HTTP/1.1", "GET /\xc3\xbc HTTP/1.1", "PRI * HTTP/2.0",
        "", "GET  HTTP/1.1"}) {
    EXPECT_EQ(status_of(std::string(line) + "\r\nHost: x"), 400) << line;
  }
}

TEST(HttpHead, TheHostIsTheTargetsOrTheHeaders) {
  EXPECT_EQ(parse("GET http://attic:5/x HTTP/1.1\r\nHost: Attic:5")->host, "attic:5");
  EXPECT_EQ(parse("GET HTTPS://attic?x HTTP/1.1\r\nHost: attic")->host, "attic");
  EXPECT_EQ(parse("GET http://attic/x HTTP/1.0")->host, "attic");
  EXPECT_EQ(parse("GET / HTTP/1.0")->host, std::nullopt);
  for (const char* lines :
       {"GET / HTTP/1.1", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost",
        "GET http://localhost/ HTTP/1.1", "GET http://localhost@evil/ HTTP/1.1\r\nHost: localhost",
        "GET ftp://localhost/ HTTP/1.1\r\nHost: localhost",
        "GET evil?://localhost/ HTTP/1.1\r\nHost: localhost",
        "GET localhost:80 HTTP/1.1\r\nHost: localhost:80",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443",
        "GET relative HTTP/1.1\r\nHost: localhost", "GET :///x HTTP/1.1\r\nHost: x",
        "GET http:///x HTTP/1.1\r\nHost: x"}) {
    EXPECT_EQ(status_of(lines), 400) << lines;
  }
}

}  // namespace
}  // namespace shoal
