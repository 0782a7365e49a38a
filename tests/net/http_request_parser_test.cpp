// SPDX-License-Identifier: Apache-2.0
// The parser and its gate: what must be refused, what must be understood, and that neither depends
// on how the bytes were cut.
#include "net/http_request_parser.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace stampede::net {
namespace {

constexpr HttpLimits limits;

/// Input as received() would bring it: writable, with padding behind, and nothing after that.
class Input {
  public:
    explicit Input(std::string_view text) : memory_(text.begin(), text.end()), size_(text.size()) {
        memory_.insert(memory_.end(), input_padding_bytes, '\0');
    }
    [[nodiscard]] std::span<char> bytes() { return std::span{memory_}.first(size_); }
    [[nodiscard]] std::span<char> first(std::size_t count) {
        return std::span{memory_}.first(count);
    }

  private:
    std::vector<char> memory_;
    std::size_t size_;
};

/// What a parse came to, copied out of the views.
struct Verdict {
    ParseOutcome outcome = ParseOutcome::need_more;
    std::uint16_t status = 0;
    std::string detail;
    std::size_t consumed = 0;
    std::string method;
    std::string path;
    std::string query;
    std::string body;
    std::string authorization;
    std::string idempotency_key;
    bool keep_alive = false;
    bool length_given = false;
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
    return out << static_cast<int>(verdict.outcome) << ' ' << verdict.status << " '"
               << verdict.detail << "' " << verdict.method << ' ' << verdict.path << " body '"
               << verdict.body << "' consumed " << verdict.consumed;
}

class Parsing {
  public:
    Verdict judge(std::span<char> bytes) {
        Verdict verdict;
        verdict.outcome = parser.parse(bytes);
        if (verdict.outcome == ParseOutcome::refused) {
            verdict.status = parser.refusal().status;
            verdict.detail = parser.refusal().detail;
            EXPECT_FALSE(parser.refusal().code.empty());
        } else if (verdict.outcome == ParseOutcome::complete) {
            const HttpRequest& request = parser.request();
            verdict.consumed = parser.consumed();
            verdict.method = request.method_text;
            verdict.path = request.path;
            verdict.query = request.query;
            verdict.body.assign(request.body.begin(), request.body.end());
            verdict.authorization = request.authorization.value_or("none");
            verdict.idempotency_key = request.idempotency_key.value_or("none");
            verdict.keep_alive = request.keep_alive;
            verdict.length_given = request.length_given;
        }
        return verdict;
    }

  private:
    std::array<char, limits.body_bytes_max + input_padding_bytes> body_room_{};

  public:
    HttpRequestParser parser{body_room_, limits};
};

Verdict parse(std::string_view text) {
    Input input{text};
    return Parsing{}.judge(input.bytes());
}

std::string chunked(std::string_view body) {
    return "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{body};
}

TEST(HttpRequestParser, reads_a_shoppers_request) {
    const std::string text =
        "POST /v1/campaigns/7/orders?a=b&c HTTP/1.1\r\nHost: mall.example:8080\r\n"
        "Authorization: Bearer 1:k:42:1795262400:3:1f.abc\r\nidempotency-key: k-1\r\n"
        "X-BUYER-ID: 42\r\nX-Buyer-Level: 3\r\nX-Buyer-Segments: 1f\r\n"
        "Content-Type: application/json\r\nOrigin: https://mall.example\r\n"
        "Content-Length: 2\r\n\r\n{}GET ";
    Input input{text};
    Parsing parsing;
    ASSERT_EQ(parsing.judge(input.bytes()).outcome, ParseOutcome::complete);
    const HttpRequest& request = parsing.parser.request();
    EXPECT_EQ(request.method, HttpMethod::post);
    EXPECT_EQ(request.path, "/v1/campaigns/7/orders");
    EXPECT_EQ(request.query, "a=b&c");
    EXPECT_EQ(request.authorization, "Bearer 1:k:42:1795262400:3:1f.abc");
    EXPECT_EQ(request.idempotency_key, "k-1");
    EXPECT_EQ(request.buyer_id, "42");
    EXPECT_EQ(request.buyer_level, "3");
    EXPECT_EQ(request.buyer_segments, "1f");
    EXPECT_EQ(request.content_type, "application/json");
    EXPECT_EQ(request.origin, "https://mall.example");
    EXPECT_TRUE(request.keep_alive);
    EXPECT_TRUE(request.length_given);
    EXPECT_EQ(parsing.parser.consumed(), text.size() - 4);
    // Zero copies: the views lie in the input, and the body may be changed there.
    EXPECT_EQ(request.body.data(), input.bytes().data() + text.size() - 6);
    request.body[0] = '[';
    EXPECT_EQ(input.bytes()[text.size() - 6], '[');
}

TEST(HttpRequestParser, tells_absent_headers_from_empty_ones) {
    Input input{"GET / HTTP/1.1\r\nHost: a\r\nIdempotency-Key:\r\n\r\n"};
    Parsing parsing;
    ASSERT_EQ(parsing.judge(input.bytes()).outcome, ParseOutcome::complete);
    EXPECT_FALSE(parsing.parser.request().authorization.has_value());
    ASSERT_TRUE(parsing.parser.request().idempotency_key.has_value());
    EXPECT_EQ(*parsing.parser.request().idempotency_key, "");
    EXPECT_FALSE(parsing.parser.request().length_given);
}

TEST(HttpRequestParser, knows_the_methods) {
    using enum HttpMethod;
    for (const auto& [text, method] :
         std::vector<std::pair<std::string, HttpMethod>>{{"GET", get},
                                                         {"HEAD", head},
                                                         {"POST", post},
                                                         {"PUT", put},
                                                         {"DELETE", delete_},
                                                         {"OPTIONS", options},
                                                         {"PATCH", other},
                                                         {"BREW", other}}) {
        Input input{text + " / HTTP/1.1\r\nHost: a\r\n\r\n"};
        Parsing parsing;
        ASSERT_EQ(parsing.judge(input.bytes()).outcome, ParseOutcome::complete) << text;
        EXPECT_EQ(parsing.parser.request().method, method) << text;
        EXPECT_EQ(parsing.parser.request().method_text, text);
    }
}

TEST(HttpRequestParser, reads_the_forms_of_a_target) {
    EXPECT_EQ(parse("GET http://a.example/v1/time?x HTTP/1.1\r\nHost: a\r\n\r\n").path, "/v1/time");
    EXPECT_EQ(parse("GET http://a.example HTTP/1.1\r\nHost: a\r\n\r\n").path, "/");
    EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path, "*");
    EXPECT_EQ(parse("GET /? HTTP/1.1\r\nHost: a\r\n\r\n").query, "");
    for (const char* target : {"*", "a.example:80", "v1/time", "/a#b", "/a\x80", "ftp://a/b"}) {
        const Verdict verdict =
            parse(std::string{"GET "} + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(verdict.status, 400) << target;
    }
}

TEST(HttpRequestParser, decides_whether_the_connection_stays) {
    const auto keep_alive = [](std::string_view version, std::string_view header) {
        const Verdict verdict = parse("GET / " + std::string{version} + "\r\nHost: a\r\n" +
                                      std::string{header} + "\r\n");
        EXPECT_EQ(verdict.outcome, ParseOutcome::complete) << version << header;
        return verdict.keep_alive;
    };
    EXPECT_TRUE(keep_alive("HTTP/1.1", ""));
    EXPECT_TRUE(keep_alive("HTTP/1.1", "Connection: keep-alive\r\n"));
    EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: x, Close\r\n"));
    EXPECT_FALSE(keep_alive("HTTP/1.0", ""));
    EXPECT_TRUE(keep_alive("HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST(HttpRequestParser, takes_chunked_bodies) {
    const Verdict verdict = parse(chunked("4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\nGET"));
    EXPECT_EQ(verdict.outcome, ParseOutcome::complete);
    EXPECT_EQ(verdict.body, "{\"a\":1}");
    EXPECT_EQ(parse(chunked("0\r\n\r\n")).body, "");
    EXPECT_EQ(parse(chunked("A;name=value\r\n0123456789\r\n0\r\n\r\n")).body, "0123456789");
    EXPECT_EQ(parse(chunked("1000\r\n" + std::string(4096, 'x') + "\r\n0\r\n\r\n")).body.size(),
              4096u);
}

TEST(HttpRequestParser, skips_one_empty_line_before_a_request) {
    const Verdict verdict = parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(verdict.outcome, ParseOutcome::complete);
    EXPECT_EQ(verdict.consumed, 29u);
    EXPECT_EQ(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
}

struct Forbidden {
    const char* rule;
    std::string text;
    std::uint16_t status = 400;
};

std::vector<Forbidden> forbidden() {
    const auto with = [](std::string_view headers) {
        return "POST /x HTTP/1.1\r\nHost: a\r\n" + std::string{headers} + "\r\nhello";
    };
    return {
        {"6.3 chunked and Content-Length",
         with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
        {"6.3 Content-Length and chunked",
         with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
        {"6.3 unknown coding, then Content-Length",
         with("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n")},
        {"6.3 unknown coding", with("Transfer-Encoding: xchunked\r\n")},
        {"6.3 chunked is not last", with("Transfer-Encoding: chunked, gzip\r\n")},
        {"6.3 more than chunked", with("Transfer-Encoding: gzip, chunked\r\n")},
        {"6.3 identity", with("Transfer-Encoding: identity\r\n")},
        {"6.3 empty coding", with("Transfer-Encoding:\r\n")},
        {"6.3 coding with a parameter", with("Transfer-Encoding: chunked;q=1\r\n")},
        {"6.3 two codings", with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")},
        {"6.3 chunked twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
        {"6.3 vertical tab in the coding", with("Transfer-Encoding: \vchunked\r\n")},
        {"5.2 folded coding", with("Transfer-Encoding:\r\n chunked\r\n")},
        {"6.1 HTTP/1.0 and chunked",
         "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"3.2 no Host", "GET / HTTP/1.1\r\nAccept: x\r\n\r\n"},
        {"3.2 no header at all", "GET / HTTP/1.1\r\n\r\n"},
        {"3.2 two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        {"3.2 two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
        {"3.2 Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {"3.2 Host list", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"},
        {"3.2 Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {"3.2 Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        {"5.2 folded field", with("X-Long: a\r\n b\r\n")},
        {"5.2 folded by tab", with("X-Long: a\r\n\tb\r\n")},
        {"5.2 fold without content", with("X-Long: a\r\n \r\n")},
        {"5.2 empty, then folded", with("X-Long:\r\n b\r\n")},
        {"5.2 empty, folded empty", with("X-Long: \r\n \r\n")},
        {"5.2 fold after the request line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {"6.2 Content-Length twice", with("Content-Length: 5\r\nContent-Length: 5\r\n")},
        {"6.2 Content-Lengths differ", with("Content-Length: 5\r\nContent-Length: 6\r\n")},
        {"6.2 Content-Length list", with("Content-Length: 5, 5\r\n")},
        {"6.2 Content-Length list without space", with("Content-Length: 5,5\r\n")},
        {"6.2 signed Content-Length", with("Content-Length: +5\r\n")},
        {"6.2 negative Content-Length", with("Content-Length: -5\r\n")},
        {"6.2 hexadecimal Content-Length", with("Content-Length: 0x5\r\n")},
        {"6.2 empty Content-Length", with("Content-Length:\r\n")},
        {"6.2 Content-Length in words", with("Content-Length: five\r\n")},
        {"6.2 Content-Length with a tail", with("Content-Length: 5 5\r\n")},
        {"6.2 overflowing Content-Length", with("Content-Length: 18446744073709551621\r\n")},
        {"5.1 space before the colon", with("Content-Length : 5\r\n")},
        {"5.1 tab before the colon", with("Host\t: b\r\n")},
        {"5.1 name without colon", with("Nonsense\r\n")},
        {"5.1 empty name", with(": x\r\n")},
        {"5.1 space in a name", with("X Y: z\r\n")},
        {"5.1 NUL in a name", with(std::string_view{"X\0Y: z\r\n", 8})},
        {"5.5 NUL in a value", with(std::string_view{"X: y\0z\r\n", 8})},
        {"5.5 bare CR in a value", with("X: y\rz\r\n")},
        {"5.5 control character in a value", with("X: y\x01z\r\n")},
        {"2.2 bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
        {"2.2 bare LF after a field", with("X: y\nZ: a\r\n")},
        {"2.2 bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\nrest of it\r\n\r\n"},
        {"3 two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"3 leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"3 tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"3 space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
        {"3 no version", "GET /\r\nHost: a\r\n\r\n"},
        {"3 lower-case protocol", "GET / http/1.1\r\nHost: a\r\n\r\n"},
        {"3 version of three digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
        {"2.5 HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"2.5 HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"2.5 HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
        {"2.5 HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"3 empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"TLS to a plain port", std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}},
        {"underscore in a name", with("X_Buyer-Id: 1\r\n")},
        {"repeated Authorization", with("Authorization: a\r\nAuthorization: a\r\n")},
        {"repeated Idempotency-Key", with("Idempotency-Key: a\r\nidempotency-key: b\r\n")},
        {"repeated X-Buyer-Id", with("X-Buyer-Id: 1\r\nx-buyer-id: 1\r\n")},
        {"repeated X-Buyer-Level", with("X-Buyer-Level: 1\r\nX-Buyer-Level: 1\r\n")},
        {"repeated X-Buyer-Segments", with("X-Buyer-Segments: 1\r\nX-Buyer-Segments: 1\r\n")},
        {"repeated Content-Type", with("Content-Type: a\r\nContent-Type: a\r\n")},
        {"unknown expectation", with("Expect: tea\r\n"), 417},
        {"7.1 chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n")},
        {"7.1 negative chunk size", chunked("-5\r\nhello\r\n0\r\n\r\n")},
        {"7.1 no chunk size", chunked("\r\nhello\r\n0\r\n\r\n")},
        {"7.1 space before the chunk size", chunked(" 5\r\nhello\r\n0\r\n\r\n")},
        {"7.1 chunk longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n")},
        {"7.1 bare LF after a chunk size", chunked("5\nhello\r\n0\r\n\r\n")},
        {"7.1 bare LF after a chunk", chunked("5\r\nhello\n0\r\n\r\n")},
        {"7.1 LF in an extension", chunked("5;a\nb\r\nhello\r\n0\r\n\r\n")},
        {"7.1 overflowing chunk size", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")},
        {"7.1.2 trailer fields", chunked("0\r\nX: y\r\n\r\n")},
        {"7.1.2 a smuggled Content-Length", chunked("0\r\nContent-Length: 5\r\n\r\n")},
    };
}

TEST(HttpRequestParser, refuses_every_forbidden_framing) {
    for (const Forbidden& forbidden : forbidden()) {
        const Verdict verdict = parse(forbidden.text);
        EXPECT_EQ(verdict.outcome, ParseOutcome::refused) << forbidden.rule << ": " << verdict;
        EXPECT_EQ(verdict.status, forbidden.status) << forbidden.rule << ": " << verdict;
        EXPECT_GT(verdict.detail.size(), 10u) << forbidden.rule;
    }
}

TEST(HttpRequestParser, judges_alike_however_the_bytes_are_cut) {
    std::vector<std::string> texts{
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /v1/time HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST /x?y=z HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nIdempotency-Key: k\r\n"
        "Content-Length: 26\r\n\r\n{\"item_id\":\"1\",\"quantity\":1}",
        chunked("4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n"),
        chunked("0\r\n\r\n"),
    };
    for (const Forbidden& each : forbidden()) {
        texts.push_back(each.text);
    }
    for (const std::string& text : texts) {
        const Verdict whole = parse(text);
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            Parsing parsing;
            Input input{text};
            Verdict verdict = parsing.judge(input.first(cut));
            if (verdict.outcome == ParseOutcome::need_more) {
                Input moved{text};  // elsewhere, as after copying into the carry-over
                verdict = parsing.judge(moved.bytes());
                EXPECT_EQ(verdict, whole) << "cut at " << cut << " of\n" << text;
            } else {
                EXPECT_EQ(verdict, whole) << "cut at " << cut << " of\n" << text;
            }
        }
        Parsing bytewise;
        Input input{text};
        Verdict verdict;
        for (std::size_t count = 0;
             count <= text.size() && verdict.outcome == ParseOutcome::need_more; ++count) {
            verdict = bytewise.judge(input.first(count));
        }
        EXPECT_EQ(verdict, whole) << "byte by byte:\n" << text;
    }
}

TEST(HttpRequestParser, reads_pipelined_requests_one_after_the_other) {
    std::string text;
    for (int number = 0; number < 100; ++number) {
        const std::string body = std::to_string(number);
        text += "POST /" + body +
                " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
    }
    Input input{text};
    Parsing parsing;
    std::size_t used = 0;
    for (int number = 0; number < 100; ++number) {
        const Verdict verdict = parsing.judge(input.bytes().subspan(used));
        ASSERT_EQ(verdict.outcome, ParseOutcome::complete);
        EXPECT_EQ(verdict.path, "/" + std::to_string(number));
        EXPECT_EQ(verdict.body, std::to_string(number));
        used += verdict.consumed;
    }
    EXPECT_EQ(used, text.size());
}

TEST(HttpRequestParser, enforces_its_limits_to_the_byte) {
    const auto header_of = [](std::size_t bytes) {
        const std::string frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
        std::string text = frame;
        text.insert(frame.size() - 4, std::string(bytes - frame.size(), 'v'));
        return text;
    };
    EXPECT_EQ(parse(header_of(limits.header_bytes_max)).outcome, ParseOutcome::complete);
    EXPECT_EQ(parse(header_of(limits.header_bytes_max + 1)).status, 431);

    const auto target_of = [](std::size_t bytes) {
        return "GET /" + std::string(bytes - 1, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    EXPECT_EQ(parse(target_of(limits.target_bytes_max)).outcome, ParseOutcome::complete);
    EXPECT_EQ(parse(target_of(limits.target_bytes_max + 1)).status, 414);
    EXPECT_EQ(parse(target_of(20'000)).status, 414);

    const auto body_of = [](std::size_t bytes) {
        return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) +
               "\r\n\r\n" + std::string(bytes, 'b');
    };
    EXPECT_EQ(parse(body_of(limits.body_bytes_max)).outcome, ParseOutcome::complete);
    EXPECT_EQ(parse(body_of(limits.body_bytes_max + 1)).status, 413);
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n").status,
              413)
        << "judged before any of the body has come";

    EXPECT_EQ(parse(chunked("1001\r\n" + std::string(4097, 'x') + "\r\n0\r\n\r\n")).status, 413);
    EXPECT_EQ(
        parse(chunked("fff\r\n" + std::string(4095, 'x') + "\r\n2\r\nyy\r\n0\r\n\r\n")).status,
        413);
    std::string padded;
    for (int chunk = 0; chunk < 2500; ++chunk) {
        padded += "1\r\nx\r\n";
    }
    EXPECT_EQ(parse(chunked(padded + "0\r\n\r\n")).status, 413) << "15,000 bytes of framing";

    const auto fields_of = [](std::size_t count) {
        std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
        for (std::size_t field = 1; field < count; ++field) {
            text += "X-" + std::to_string(field) + ": y\r\n";
        }
        return text + "\r\n";
    };
    EXPECT_EQ(parse(fields_of(limits.fields_max)).outcome, ParseOutcome::complete);
    EXPECT_EQ(parse(fields_of(limits.fields_max + 1)).status, 431);
}

TEST(HttpRequestParser, says_when_it_waits_for_the_body) {
    const std::string text =
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello";
    Input input{text};
    Parsing parsing;
    EXPECT_EQ(parsing.judge(input.first(20)).outcome, ParseOutcome::need_more);
    EXPECT_FALSE(parsing.parser.awaits_body());
    EXPECT_EQ(parsing.judge(input.first(text.size() - 1)).outcome, ParseOutcome::need_more);
    EXPECT_TRUE(parsing.parser.awaits_body());
    EXPECT_TRUE(parsing.parser.expects_continue());
    EXPECT_EQ(parsing.judge(input.bytes()).outcome, ParseOutcome::complete);
    EXPECT_FALSE(parsing.parser.awaits_body());
}

TEST(HttpRequestParser, keeps_within_what_it_says_it_may_need) {
    // Whatever is sent, the answer comes before the stated bound.
    const std::size_t bound = HttpRequestParser::request_bytes_max(limits);
    for (const std::string& text :
         {std::string(bound, 'a'), std::string(bound, '\r'), "GET / " + std::string(bound, ' '),
          "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(bound, 'x'),
          chunked(std::string(bound, '0')), chunked("1;" + std::string(bound, 'e'))}) {
        EXPECT_EQ(parse(std::string_view{text}.substr(0, bound)).outcome, ParseOutcome::refused)
            << text.substr(0, 40);
    }
}

}  // namespace
}  // namespace stampede::net
