// A file as the response: what the request's conditions make of it, and the way its bytes go out.
// wire/range.cpp parses Range; opened_file.cpp opens the file.
// Source: RFC 9110 section 13.2.2 (the order of conditions), 14 (ranges).
#include <aio/base/error.hpp>
#include <aio/http/server/http_exceptions.hpp>

#include "http/server/exchange.hpp"
#include "http/server/opened_file.hpp"
#include "http/wire/coding.hpp"
#include "http/wire/date.hpp"
#include "http/wire/media_type.hpp"
#include "http/wire/range.hpp"
#include "http/wire/syntax.hpp"

#include <array>

namespace aio::http::detail {

namespace {

// Up to this size a file is read and goes out with its head; beyond, the kernel copies it. In bytes.
constexpr std::uint64_t kReadAtOnce = 16 * 1024;

struct Choice {
    OpenedFile file;
    wire::Coding coding = wire::Coding::identity;
};

// `path`, or what lies beside it in a coding that the client takes.
Coro<> choose_file(Choice& choice, Exchange& exchange, const ResponseExtra& extra, bool plain_only) {
    const std::string accepted = plain_only ? "" : exchange.request().headers().combined("Accept-Encoding");
    for (const wire::Coding coding : {wire::Coding::brotli, wire::Coding::gzip}) {
        if (!extra.finds_compressed || accepted.empty()) break;
        if (wire::negotiate(accepted, std::array<wire::Coding, 1>{coding}) == wire::Coding::identity) continue;
        const std::string beside = extra.file + (coding == wire::Coding::brotli ? ".br" : ".gz");
        choice.file = co_await open_file(extra.folder, beside);
        if (choice.file.fd && choice.file.is_file) {
            choice.coding = coding;
            co_return;
        }
    }
    if (extra.opened) {
        choice.file = std::move(*extra.opened);
    } else {
        choice.file = co_await open_file(extra.folder, extra.file);
    }
    if (!choice.file.fd) throw_not_there(choice.file, extra.file);
    if (!choice.file.is_file) throw HTTPForbidden();
}

// 412 or 304 where a condition says so, else 0.
int failed_condition(const Request& request, const OpenedFile& file) {
    const Headers& headers = request.headers();
    const wire::EntityTag tag = file.etag();
    if (headers.contains("If-Match")) {
        if (!wire::etag_matches(headers.combined("If-Match"), tag, true)) return 412;
    } else if (const auto since = request.if_unmodified_since(); since && file.mtime > *since) {
        return 412;
    }
    const bool reads = request.method() == "GET" || request.method() == "HEAD";
    if (headers.contains("If-None-Match")) {
        if (wire::etag_matches(headers.combined("If-None-Match"), tag, false)) return reads ? 304 : 412;
    } else if (const auto since = request.if_modified_since(); reads && since && file.mtime <= *since) {
        return 304;
    }
    return 0;
}

// The range that is to be sent: nothing for the whole file. Errors: HTTPRequestRangeNotSatisfiable.
std::optional<wire::ByteRange> wanted_range(const Request& request, const OpenedFile& file) {
    const auto header = request.headers().get("Range");
    if (!header || request.method() != "GET") return std::nullopt;
    if (const auto condition = request.headers().get("If-Range")) {
        const auto tag = wire::parse_etag(*condition);
        const auto date = wire::parse_date(*condition);
        const bool same = tag ? wire::etag_matches(*condition, file.etag(), true) : date && *date == file.mtime;
        if (!same) return std::nullopt;
    }
    const auto ranges = wire::parse_range(*header, file.size);
    if (!ranges || ranges->size() > 1) return std::nullopt;
    if (!ranges->empty()) return ranges->front();
    HTTPRequestRangeNotSatisfiable error;
    error.headers().set("Content-Range", wire::unsatisfied_range(file.size));
    throw error;
}

void describe(Response& response, const Choice& choice, const std::string& path) {
    if (response.content_type().empty()) {
        std::string type(wire::guess_media_type(path));
        if (type.starts_with("text/")) type += "; charset=utf-8";
        response.set_content_type(type);
    }
    response.headers().setdefault("ETag", choice.file.etag().header());
    response.headers().setdefault("Last-Modified", wire::format_date(choice.file.mtime));
    response.headers().set("Accept-Ranges", "bytes");
    if (choice.coding != wire::Coding::identity) response.header("Content-Encoding", wire::name(choice.coding));
    if (response.extra_if_any()->finds_compressed) response.headers().add("Vary", "Accept-Encoding");
}

}  // namespace

Coro<> send_file(Exchange& exchange, Response& response) {
    const std::string path = response.extra().file;
    Choice choice;
    co_await choose_file(choice, exchange, response.extra(), response.headers().contains("Content-Encoding"));
    OpenedFile& file = choice.file;
    describe(response, choice, path);
    if (const int failed = response.status() == 200 ? failed_condition(exchange.request(), file) : 0) {
        response.set_status(failed);
        exchange.begin_stream(response, 0);
        exchange.finish();
        co_return;
    }
    wire::ByteRange range;
    std::uint64_t size = file.size;
    if (response.status() == 200) {
        if (const auto wanted = wanted_range(exchange.request(), file)) {
            range = *wanted;
            size = range.size();
            response.set_status(206);
            response.header("Content-Range", wire::content_range(range, file.size));
        }
    }
    response.extra().coding.reset();  // ranges and lengths are those of the file as it lies there
    exchange.begin_stream(response, size);
    if (!exchange.sends_body() || size == 0) {
        exchange.finish_without_body();
    } else if (size <= kReadAtOnce) {
        exchange.write(read_part(file.fd.get(), range.first, size, "read the file of a response"));
        exchange.finish();
    } else {
        co_await exchange.send_part(file.fd.get(), range.first, size);
        exchange.finish();
    }
}

}  // namespace aio::http::detail
