// Writes the status line and the header fields into one buffer of the thread, and a body behind them. The framing is
// decided by the callers (length, chunks, keep-alive): exchange.cpp, and connection.cpp for requests that it refuses.
#include "http/server/response_head.hpp"

#include <aio/http/status.hpp>

#include "base/per_thread.hpp"
#include "http/wire/date.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/text_writer.hpp"

#include <memory>

namespace aio::http::detail {

namespace {

using wire::TextWriter;

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

void put_status_line(TextWriter& out, const Response& response) noexcept {
    const ResponseExtra* extra = response.extra_if_any();
    if (response.status() == 200 && (!extra || extra->reason.empty())) return out.put("HTTP/1.1 200 OK\r\n");
    out.put("HTTP/1.1 ");
    out.put_number(static_cast<std::uint64_t>(response.status()));
    out.put(" ");
    out.put(response.reason());
    out.put("\r\n");
}

Given put_fields(TextWriter& out, const Headers& headers) noexcept {
    Given given;
    for (const auto& [name, value] : headers) {
        if (is_framing(name)) continue;
        if (name.size() == 4 && wire::equal_ignoring_case(name, "date")) given.date = true;
        if (name.size() == 6 && wire::equal_ignoring_case(name, "server")) given.server = true;
        if (name.size() == 12 && wire::equal_ignoring_case(name, "content-type")) given.type = true;
        out.put_field(name, value);
    }
    return given;
}

void put_framing(TextWriter& out, const Response& response, const Framing& framing) noexcept {
    if (framing.size) {
        out.put("Content-Length: ");
        out.put_number(*framing.size);
        out.put("\r\n");
    } else if (framing.chunked) {
        out.put("Transfer-Encoding: chunked\r\n");
    }
    if (response.status() == 101) {
        out.put("Connection: upgrade\r\n");
    } else if (!framing.keep_alive) {
        out.put("Connection: close\r\n");
    } else if (framing.minor_version == 0) {
        out.put("Connection: keep-alive\r\n");
    }
}

void put_head(TextWriter& out, const Response& response, const Framing& framing) {
    put_status_line(out, response);
    const Given given = put_fields(out, response.headers());
    if (!given.type && framing.has_type) {
        if (const std::string_view type = response.default_type(); !type.empty()) out.put_field("Content-Type", type);
    }
    if (const ResponseExtra* extra = response.extra_if_any()) {
        for (const auto& [name, cookie] : extra->cookies) out.put_field("Set-Cookie", cookie);
    }
    if (!given.date) {
        out.put("Date: ");
        out.put_sized<wire::kDateSize>(wire::current_date());
        out.put("\r\n");
    }
    if (!given.server) {
        out.put("Server: ");
        out.put_sized<kServerName.size()>(kServerName);
        out.put("\r\n");
    }
    put_framing(out, response, framing);
    out.put("\r\n");
}

// At least what the head needs.
std::size_t most_of_head(const Response& response) noexcept {
    constexpr std::size_t kOurs = 500;  // the status line with a reason of ours, and all fields that we add
    constexpr std::size_t kPerField = sizeof(": \r\n");
    std::size_t size = kOurs + response.default_type().size();
    for (const auto& [name, value] : response.headers()) size += name.size() + value.size() + kPerField;
    if (const ResponseExtra* extra = response.extra_if_any()) {
        size += extra->reason.size();
        for (const auto& [name, cookie] : extra->cookies) size += sizeof("Set-Cookie") + cookie.size() + kPerField;
    }
    return size;
}

}  // namespace

std::string_view head_and_body(const Response& response, const Framing& framing, std::string_view body) {
    // Where heads are put together: no connection keeps memory for them.
    constinit thread_local static aio::detail::PerThread<wire::TextSpace> space;
    TextWriter out(space.get(), most_of_head(response) + body.size());
    put_head(out, response, framing);
    out.put(body);
    return out.text();
}

}  // namespace aio::http::detail
