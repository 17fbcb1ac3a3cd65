#include "http/server/response_head.hpp"

#include <aio/http/status.hpp>

#include "http/wire/date.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http::detail {

namespace {

using wire::append_field, wire::append_number;

void append_status_line(std::string& text, const Response& response) {
    const ResponseExtra* extra = response.extra_if_any();
    if (response.status() == 200 && (!extra || extra->reason.empty())) {
        text.append("HTTP/1.1 200 OK\r\n");
        return;
    }
    text.append("HTTP/1.1 ");
    append_number(text, static_cast<std::uint64_t>(response.status()));
    text.append(" ").append(response.reason()).append("\r\n");
}

// Headers that the program set and that stand in the place of ours.
struct Given {
    bool type = false, date = false, server = false;
};

// Framing is the server's affair: what the program says about it was heard, or is dropped.
bool is_framing(std::string_view name) noexcept {
    switch (name.size()) {
        case 10:
            return wire::equal_ignoring_case(name, "connection") || wire::equal_ignoring_case(name, "keep-alive");
        case 14: return wire::equal_ignoring_case(name, "content-length");
        case 17: return wire::equal_ignoring_case(name, "transfer-encoding");
        default: return false;
    }
}

Given append_fields(std::string& text, const Headers& headers) {
    Given given;
    for (const auto& [name, value] : headers) {
        if (is_framing(name)) continue;
        if (name.size() == 4 && wire::equal_ignoring_case(name, "date")) given.date = true;
        if (name.size() == 6 && wire::equal_ignoring_case(name, "server")) given.server = true;
        if (name.size() == 12 && wire::equal_ignoring_case(name, "content-type")) given.type = true;
        append_field(text, name, value);
    }
    return given;
}

void append_connection(std::string& text, const Response& response, const Framing& framing) {
    if (response.status() == 101) {
        append_field(text, "Connection", "upgrade");
    } else if (!framing.keep_alive) {
        text.append("Connection: close\r\n");
    } else if (framing.minor_version == 0) {
        text.append("Connection: keep-alive\r\n");
    }
}

}  // namespace

void append_head(std::string& text, const Response& response, const Framing& framing) {
    append_status_line(text, response);
    Given given;
    if (!response.headers().empty()) given = append_fields(text, response.headers());
    if (!given.type && framing.has_type) {
        if (const std::string_view type = response.content_type(); !type.empty()) {
            append_field(text, "Content-Type", type);
        }
    }
    if (const ResponseExtra* extra = response.extra_if_any()) {
        for (const auto& [name, cookie] : extra->cookies) append_field(text, "Set-Cookie", cookie);
    }
    if (framing.size) {
        text.append("Content-Length: ");
        append_number(text, *framing.size);
        text.append("\r\n");
    } else if (framing.chunked) {
        text.append("Transfer-Encoding: chunked\r\n");
    }
    if (!given.date) append_field(text, "Date", wire::current_date());
    if (!given.server) append_field(text, "Server", kServerName);
    append_connection(text, response, framing);
    text.append("\r\n");
}

}  // namespace aio::http::detail
