// SPDX-License-Identifier: Apache-2.0
// A parser lives on the stack for one attempt: an unfinished request is parsed again, from its
// first byte, when more has come. That costs a slow sender's packets a microsecond or two each, and
// buys that no half-parsed state exists which a split could confuse.
//
// Beast reads the grammar; what Gate adds is marked with the rule of RFC 9112 that it enforces.
#include "net/http_request_parser.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>

#include "engine/vocabulary/check.hpp"

namespace stampede::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

std::string_view std_view(beast::string_view text) {
    return {text.data(), text.size()};
}

HttpMethod method_of(http::verb verb) {
    // Not a switch: Beast knows thirty more, all of them `other` to us.
    if (verb == http::verb::post) {
        return HttpMethod::post;
    }
    if (verb == http::verb::get) {
        return HttpMethod::get;
    }
    if (verb == http::verb::delete_) {
        return HttpMethod::delete_;
    }
    if (verb == http::verb::options) {
        return HttpMethod::options;
    }
    if (verb == http::verb::head) {
        return HttpMethod::head;
    }
    return verb == http::verb::put ? HttpMethod::put : HttpMethod::other;
}

/// One request: Beast calls the functions below as it reads. A refusal is an error_code for Beast
/// and a sentence for the peer.
class Gate final : public http::basic_parser<true> {
  public:
    Gate(std::span<const char> input, std::span<char> body_room, const HttpLimits& limits,
         HttpRequest& request)
        : input_(input), body_room_(body_room), limits_(limits), request_(request) {
        header_limit(1u << 30);  // what Beast sees is cut to our own limit
        body_limit(limits.body_bytes_max);
    }

    [[nodiscard]] HttpRefusal& refusal() { return refusal_; }
    [[nodiscard]] bool refused() const { return !refusal_.code.empty(); }
    [[nodiscard]] bool expects_continue() const { return expects_continue_; }
    [[nodiscard]] std::size_t fields() const { return fields_; }
    [[nodiscard]] std::size_t decoded_bytes() const { return decoded_bytes_; }

  private:
    void refuse(error_code& ec, std::uint16_t status, std::string_view code, std::string detail) {
        refusal_ = {status, code, std::move(detail)};
        ec = http::error::bad_field;
    }
    void malformed(error_code& ec, std::string detail) {
        refuse(ec, 400, "MALFORMED", std::move(detail));
    }

    void on_request_impl(http::verb verb, beast::string_view method, beast::string_view target,
                         int version, error_code& ec) override {
        version_ = version;
        request_.method = method_of(verb);
        request_.method_text = std_view(method);
        take_target(std_view(target), ec);
    }

    void take_target(std::string_view target, error_code& ec) {
        if (target.size() > limits_.target_bytes_max) {
            return refuse(ec, 414, "URI_TOO_LONG",
                          "the request target is longer than " +
                              std::to_string(limits_.target_bytes_max) + " bytes");
        }
        for (const char character : target) {
            if (character <= ' ' || character > '~' || character == '#') {
                return malformed(ec, "the request target has a character that must be encoded");
            }
        }
        // Absolute form (section 3.2.2): must be understood though no client of ours sends it.
        for (const std::string_view scheme : {"http://", "https://"}) {
            if (target.size() > scheme.size() &&
                equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
                const auto slash = target.find('/', scheme.size());
                target = slash == std::string_view::npos ? "/" : target.substr(slash);
            }
        }
        const bool asterisk = target == "*" && request_.method == HttpMethod::options;
        if (target.empty() || (target.front() != '/' && !asterisk)) {
            return malformed(ec, "the request target must be a path that starts with a slash");
        }
        const auto question_mark = target.find('?');
        request_.path = target.substr(0, question_mark);
        request_.query = question_mark == std::string_view::npos ? std::string_view{}
                                                                 : target.substr(question_mark + 1);
    }

    void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                       error_code& ec) override {
        const std::string_view name_text = std_view(name);
        if (header_done_) {
            return malformed(ec, "trailer fields behind a chunked body are not taken");
        }
        if (++fields_ > limits_.fields_max) {
            return refuse(ec, 431, "HEADERS_TOO_LARGE",
                          "more than " + std::to_string(limits_.fields_max) + " header fields");
        }
        if (is_folded(name_text, std_view(value))) {
            return malformed(ec, "header field '" + std::string{name_text} +
                                     "' is folded over several lines");  // section 5.2
        }
        if (name_text.find('_') != std::string_view::npos) {
            // Gateways turn '-' into '_' for their back ends: two names that become one.
            return malformed(
                ec, "header field '" + std::string{name_text} + "' has an underscore in its name");
        }
        take_field(field, name_text, std_view(value), ec);
    }

    /// Beast joins folded lines elsewhere, or starts the value on a later line.
    [[nodiscard]] bool is_folded(std::string_view name, std::string_view value) const {
        const auto address = [](const char* at) { return reinterpret_cast<std::uintptr_t>(at); };
        if (address(value.data()) < address(name.data() + name.size()) ||
            address(value.data()) > address(input_.data() + input_.size())) {
            return true;
        }
        for (const char* at = name.data() + name.size() + 1; at < value.data(); ++at) {
            if (*at != ' ' && *at != '\t') {
                return true;
            }
        }
        return false;
    }

    void take_field(http::field field, std::string_view name, std::string_view value,
                    error_code& ec) {
        // Not a switch: Beast names over three hundred fields; no other changes what we do.
        if (field == http::field::unknown) {
            take_own_field(name, value, ec);
        } else if (field == http::field::host) {
            take_host(value, ec);
        } else if (field == http::field::content_length) {
            take_content_length(value, ec);
        } else if (field == http::field::authorization) {
            take_once(request_.authorization, name, value, ec);
        } else if (field == http::field::content_type) {
            take_once(request_.content_type, name, value, ec);
        } else if (field == http::field::origin) {
            take_once(request_.origin, name, value, ec);
        } else if (field == http::field::transfer_encoding) {
            take_transfer_encoding(value, ec);
        } else if (field == http::field::expect) {
            take_expect(value, ec);
        } else if (field == http::field::access_control_request_method) {
            take_once(request_.access_control_request_method, name, value, ec);
        } else if (field == http::field::upgrade) {
            take_once(request_.upgrade, name, value, ec);
        } else if (field == http::field::sec_websocket_key) {
            take_once(request_.websocket_key, name, value, ec);
        } else if (field == http::field::sec_websocket_version) {
            take_once(request_.websocket_version, name, value, ec);
        }
    }

    void take_own_field(std::string_view name, std::string_view value, error_code& ec) {
        // The length first: nearly every name is told apart by it.
        switch (name.size()) {
            case 10:
                if (equals_ignoring_case(name, "x-buyer-id")) {
                    take_once(request_.buyer_id, name, value, ec);
                }
                return;
            case 13:
                if (equals_ignoring_case(name, "x-buyer-level")) {
                    take_once(request_.buyer_level, name, value, ec);
                }
                return;
            case 15:
                if (equals_ignoring_case(name, "idempotency-key")) {
                    take_once(request_.idempotency_key, name, value, ec);
                }
                return;
            case 16:
                if (equals_ignoring_case(name, "x-buyer-segments")) {
                    take_once(request_.buyer_segments, name, value, ec);
                }
                return;
            default:
                return;
        }
    }

    void take_once(std::optional<std::string_view>& place, std::string_view name,
                   std::string_view value, error_code& ec) {
        if (place.has_value()) {
            return malformed(ec, "header field '" + std::string{name} + "' is given twice");
        }
        place = value;
    }

    void take_host(std::string_view value, error_code& ec) {
        if (++hosts_ > 1) {
            return malformed(ec, "header field 'Host' is given twice");  // section 3.2
        }
        for (const char character : value) {
            if (character <= ' ' || character > '~' || character == '/' || character == ',' ||
                character == '@') {
                return malformed(ec, "header field 'Host' is not a host");
            }
        }
    }

    void take_content_length(std::string_view value, error_code& ec) {
        // Section 6.3 would allow "5, 5"; nobody honest sends it.
        if (request_.length_given ||
            value.find_first_not_of("0123456789") != std::string_view::npos) {
            return malformed(ec, "header field 'Content-Length' must be one number, given once");
        }
        request_.length_given = true;
    }

    void take_transfer_encoding(std::string_view value, error_code& ec) {
        // Section 6.3: whoever misreads the coding takes the body for the next request.
        if (request_.length_given || !equals_ignoring_case(value, "chunked")) {
            return malformed(ec,
                             "header field 'Transfer-Encoding' must be 'chunked', given once and "
                             "without 'Content-Length'");
        }
        if (version_ < 11) {
            return malformed(ec, "HTTP/1.0 knows no 'Transfer-Encoding'");  // section 6.1
        }
        request_.length_given = true;
    }

    void take_expect(std::string_view value, error_code& ec) {
        if (!equals_ignoring_case(value, "100-continue")) {
            return refuse(ec, 417, "EXPECTATION_FAILED",
                          "the only expectation known is '100-continue'");
        }
        expects_continue_ = version_ >= 11;
    }

    void on_header_impl(error_code& ec) override {
        header_done_ = true;
        if (hosts_ == 0 && version_ >= 11) {
            return malformed(ec, "header field 'Host' is missing");  // section 3.2
        }
        request_.keep_alive = keep_alive();
        request_.wants_upgrade = upgrade();
        request_.knows_chunks = version_ >= 11;
    }

    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
        // Beast has counted against body_limit; the room is as large.
        check(body.size() <= limits_.body_bytes_max - decoded_bytes_, "a chunk over the limit");
        std::memcpy(body_room_.data() + decoded_bytes_, body.data(), body.size());
        decoded_bytes_ += body.size();
        return body.size();
    }
    // A body of known length is taken without Beast.
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(beast::string_view body, error_code&) override { return body.size(); }
    void on_finish_impl(error_code&) override {}
    void on_response_impl(int, beast::string_view, int, error_code&) override {
        unreachable("a request parser met a response");
    }

    std::span<const char> input_;
    std::span<char> body_room_;
    const HttpLimits& limits_;
    HttpRequest& request_;
    HttpRefusal refusal_;
    std::size_t fields_ = 0;
    std::size_t hosts_ = 0;
    std::size_t decoded_bytes_ = 0;
    int version_ = 0;
    bool header_done_ = false;
    bool expects_continue_ = false;
};

/// Whether the request line ends in a version that is well formed but not ours.
bool names_another_version(std::span<const char> bytes) {
    const std::string_view text{bytes.data(), bytes.size()};
    const std::string_view line = text.substr(0, text.find('\r'));
    const auto start = line.rfind(" HTTP/");
    if (start == std::string_view::npos) {
        return false;
    }
    const std::string_view version = line.substr(start + 6);
    const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
    return version.size() == 3 && is_digit(version[0]) && version[1] == '.' &&
           is_digit(version[2]) && version != "1.0" && version != "1.1";
}

HttpRefusal refusal_of(error_code error, std::span<const char> bytes, std::size_t at_field,
                       const HttpLimits& limits) {
    if (error == http::error::body_limit) {
        return {413, "BODY_TOO_LARGE",
                "the body is longer than " + std::to_string(limits.body_bytes_max) + " bytes"};
    }
    if (error == http::error::bad_version && names_another_version(bytes)) {
        return {505, "VERSION_NOT_SUPPORTED", "only HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    std::string place = "header field " + std::to_string(at_field + 1);
    if (error == http::error::bad_method || error == http::error::bad_target ||
        error == http::error::bad_version) {
        place = "the request line";
    } else if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension) {
        place = "the chunked body";
    }
    return {400, "MALFORMED", "in " + place + ": " + error.message()};
}

}  // namespace

HttpRequestParser::HttpRequestParser(std::span<char> body_room, const HttpLimits& limits)
    : body_room_(body_room), limits_(limits) {
    check(body_room.size() >= limits.body_bytes_max + input_padding_bytes,
          "no room for a chunked body");
}

ParseOutcome HttpRequestParser::refuse(HttpRefusal refusal) {
    refusal_ = std::move(refusal);
    return ParseOutcome::refused;
}

ParseOutcome HttpRequestParser::parse(std::span<char> bytes) {
    if (bytes.size() < bytes_needed_ || bytes.empty()) {
        return ParseOutcome::need_more;
    }
    // One empty line before the request line is skipped (section 2.2).
    std::size_t start = 0;
    if (bytes[0] == '\r') {
        if (bytes.size() < line_end_bytes) {
            return ParseOutcome::need_more;
        }
        start = bytes[1] == '\n' ? line_end_bytes : 0;
    }
    if (bytes.size() == start) {
        return ParseOutcome::need_more;
    }
    return parse_from(bytes, start);
}

ParseOutcome HttpRequestParser::parse_from(std::span<char> bytes, std::size_t start) {
    request_ = {};
    const std::span<char> whole = bytes.subspan(start);
    const std::span<char> head = whole.first(std::min(whole.size(), limits_.header_bytes_max));
    Gate gate{head, body_room_, limits_, request_};
    error_code error;
    const std::size_t header_bytes = gate.put({head.data(), head.size()}, error);
    if (error == http::error::need_more) {
        return header_unfinished(head);
    }
    if (error) {
        return refuse(gate.refused() ? std::move(gate.refusal())
                                     : refusal_of(error, head, gate.fields(), limits_));
    }
    expects_continue_ = gate.expects_continue();
    const std::span<char> rest = whole.subspan(header_bytes);
    std::size_t body_bytes = 0;
    if (gate.chunked()) {
        const std::span<char> framed = rest.first(std::min(rest.size(), limits_.chunked_bytes_max));
        while (!gate.is_done()) {
            const std::span<char> left = framed.subspan(body_bytes);
            body_bytes += gate.put({left.data(), left.size()}, error);
            if (error == http::error::need_more ||
                (!error && !gate.is_done() && body_bytes == framed.size())) {
                if (framed.size() == limits_.chunked_bytes_max) {
                    return refuse({413, "BODY_TOO_LARGE",
                                   "the chunked body with its framing is longer than " +
                                       std::to_string(limits_.chunked_bytes_max) + " bytes"});
                }
                return need_body(bytes.size() + 1);
            }
            if (error) {
                return refuse(gate.refused() ? std::move(gate.refusal())
                                             : refusal_of(error, head, gate.fields(), limits_));
            }
        }
        request_.body = body_room_.first(gate.decoded_bytes());
    } else {
        body_bytes = gate.content_length().value_or(0);
        if (rest.size() < body_bytes) {
            return need_body(start + header_bytes + body_bytes);
        }
        request_.body = rest.first(body_bytes);
    }
    consumed_ = start + header_bytes + body_bytes;
    bytes_needed_ = 0;
    return ParseOutcome::complete;
}

ParseOutcome HttpRequestParser::header_unfinished(std::span<const char> bytes) {
    if (bytes.size() < limits_.header_bytes_max) {
        return ParseOutcome::need_more;
    }
    const std::string limit = std::to_string(limits_.header_bytes_max) + " bytes";
    if (std::memchr(bytes.data(), '\n', bytes.size()) == nullptr) {
        return refuse({414, "URI_TOO_LONG", "the request line is longer than " + limit});
    }
    return refuse({431, "HEADERS_TOO_LARGE", "the header is longer than " + limit});
}

ParseOutcome HttpRequestParser::need_body(std::size_t bytes_needed) {
    bytes_needed_ = bytes_needed;
    return ParseOutcome::need_more;
}

}  // namespace stampede::net
