// What a handler answers: a status, headers, and a body that is here already (aiohttp.web.Response).
//
//     co_return aio::http::Response::text("Hello");
//     co_return aio::http::Response::json("total", 42);
//     co_return aio::http::Response(201).header("Location", "/jobs/7");
//
// Bodies that come piece by piece: StreamResponse, or Response::stream(); files: FileResponse. All of them become a
// Response where they are returned.
//
// Content-Length, Date and Server are written by the server, Connection where it is due. A response is changed until
// it is returned; handlers and middlewares may pass it on.
// Thread rule: none; it belongs to whoever holds it. Source: aiohttp 3.11 web_response.py.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/json_object.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

struct Cookie;

enum class ContentCoding : std::uint8_t { negotiate, identity, deflate, gzip, brotli, zstd };

namespace detail {

class BodySource;
class OpenedFile;

// What few responses have.
struct ResponseExtra {
    ResponseExtra();
    ~ResponseExtra();

    std::string reason;                                        // empty: the status's own
    std::vector<std::pair<std::string, std::string>> cookies;  // name, and the value of Set-Cookie
    std::unique_ptr<BodySource> source;                        // in the body's place
    std::optional<std::uint64_t> source_size;
    std::string file;                    // a FileResponse's path
    std::shared_ptr<OpenedFile> opened;  // the same, if it is open already
    int folder = -1;                     // the directory it must lie beneath, a descriptor of the server's
    bool finds_compressed = true;        // a FileResponse: takes path.br, path.gz where the client may have them
    std::optional<ContentCoding> coding;
    bool sent = false;  // a StreamResponse's: it went out already
    bool force_close = false;
};

}  // namespace detail

class Response {
public:
    // Without a body. Errors, of all that take a status: ValueError for one outside 100...999. One below 200, apart from
    // 101, is no answer: sending it fails.
    explicit Response(int status = 200) : status_(status) {
        if (status < 100 || status > 999) [[unlikely]]
            throw_no_status(status);
    }

    // "text/plain; charset=utf-8".
    static Response text(IntoString text, int status = 200);
    // "text/html; charset=utf-8".
    static Response html(IntoString text, int status = 200);
    static Response bytes(IntoString body, std::string_view content_type = "application/octet-stream",
                          int status = 200);
#ifdef AIO_HTTP_HAS_JSON
    // "application/json; charset=utf-8". Errors: nlohmann::json::type_error for strings that are not UTF-8.
    static Response json(const nlohmann::json& value, int status = 200);
    // An object of keys and values: json("id", 7, "name", name). Two arguments of which the first is a string are a key
    // and its value: another status is set with set_status().
    template <class First, class Second, class... Rest>
        requires(sizeof...(Rest) > 0 || detail::JSONKey<First> || !std::convertible_to<Second, int>)
    static Response json(First&& first, Second&& second, Rest&&... rest) {
        return json(
            json_object(std::forward<First>(first), std::forward<Second>(second), std::forward<Rest>(rest)...));
    }
#endif
    // Sent as it comes, in chunks, or as `size` bytes if that is known. The client's pace is the source's.
    static Response stream(AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> size = std::nullopt);
    static Response stream(std::unique_ptr<detail::BodySource> source,
                           std::optional<std::uint64_t> size = std::nullopt);

    // Setters return the response: of a temporary as one that can be returned, Response::json(job, 201).header(...).

    int status() const noexcept { return status_; }
    std::string_view reason() const noexcept;
    // Errors: also ValueError for a reason with control characters.
    Response& set_status(int status, std::string_view reason = {}) &;

    Headers& headers() noexcept { return headers_; }
    const Headers& headers() const noexcept { return headers_; }
    // headers().set(). Errors: its.
    Response& header(std::string_view name, std::string_view value) & {
        headers_.set(name, value);
        return *this;
    }
    // Content-Type as a whole; "" where there is none.
    std::string_view content_type() const noexcept;
    // The same without a look at the headers.
    std::string_view default_type() const noexcept { return type_; }
    Response& set_content_type(std::string_view type) & { return header("Content-Type", type); }
    // The charset parameter, appended or replaced.
    Response& set_charset(std::string_view charset) &;
    std::string charset() const;

    // The body; empty for one that is streamed.
    const std::string& body() const noexcept { return body_; }
    Response& set_body(IntoString body) &;

    // Replaces an earlier cookie of this name.
    Response& set_cookie(const Cookie& cookie) &;
    Response& set_cookie(std::string_view name, std::string_view value) &;
    // Tells the client to drop it. Path and domain must be those it was set with.
    Response& del_cookie(std::string_view name, std::string_view path = "/", std::string_view domain = {}) &;

    // The entity tag, without quotes. Errors: ValueError for what may not stand in one.
    Response& set_etag(std::string_view opaque, bool weak = false) &;
    // Seconds since 1970.
    Response& set_last_modified(std::int64_t unix_time) &;
    std::optional<std::int64_t> last_modified() const noexcept;

    // Codes the body as the client likes best (Accept-Encoding), or as said. Bodies that are coded already (with a
    // Content-Encoding), and empty ones, stay as they are.
    Response& enable_compression(ContentCoding coding = ContentCoding::negotiate) &;
    // Closes the connection behind this response.
    Response& force_close() &;

    // Of temporaries.
    Response&& set_status(int status, std::string_view reason = {}) && {
        return std::move(set_status(status, reason));
    }
    Response&& header(std::string_view name, std::string_view value) && { return std::move(header(name, value)); }
    Response&& set_content_type(std::string_view type) && { return std::move(set_content_type(type)); }
    Response&& set_charset(std::string_view charset) && { return std::move(set_charset(charset)); }
    Response&& set_body(IntoString body) && { return std::move(set_body(std::move(body))); }
    Response&& set_cookie(const Cookie& cookie) && { return std::move(set_cookie(cookie)); }
    Response&& set_cookie(std::string_view name, std::string_view value) && {
        return std::move(set_cookie(name, value));
    }
    Response&& del_cookie(std::string_view name, std::string_view path = "/", std::string_view domain = {}) && {
        return std::move(del_cookie(name, path, domain));
    }
    Response&& set_etag(std::string_view opaque, bool weak = false) && { return std::move(set_etag(opaque, weak)); }
    Response&& set_last_modified(std::int64_t unix_time) && { return std::move(set_last_modified(unix_time)); }
    Response&& enable_compression(ContentCoding coding = ContentCoding::negotiate) && {
        return std::move(enable_compression(coding));
    }
    Response&& force_close() && { return std::move(force_close()); }

    detail::ResponseExtra& extra();
    const detail::ResponseExtra* extra_if_any() const noexcept { return extra_.get(); }

private:
    [[noreturn]] static void throw_no_status(int status);

    int status_;
    std::string_view type_;  // a literal: Content-Type, unless the headers have one
    std::string body_;
    Headers headers_;
    std::unique_ptr<detail::ResponseExtra> extra_;
};

}  // namespace aio::http
