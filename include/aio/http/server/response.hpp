// Response: the result of a handler, with a status, headers and a complete body (aiohttp.web.Response).
//
//     co_return aio::http::Response::text("Hello");
//     co_return aio::http::Response::json("total", 42);
//     co_return aio::http::Response(201).header("Location", "/jobs/7");
//
// Bodies that are made piece by piece: StreamResponse, or Response::stream(); files: FileResponse. All of them convert
// to a Response in a return.
//
// The server adds Content-Length, Date and Server, and Connection where it is required. A response can be changed until
// it is returned from the outermost middleware.
// Thread rule: none; one thread at a time. Source: aiohttp 3.11 web_response.py.
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

// The coding of a response's body; negotiate: the one that the client prefers. aiohttp.web.ContentCoding.
enum class ContentCoding : std::uint8_t { negotiate, identity, deflate, gzip, brotli, zstd };

namespace detail {

class BodySource;
class OpenedFile;

// The settings that few responses have.
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

// An HTTP response: aiohttp.web.Response.
class Response {
public:
    // Without a body. Errors, of all functions with a status: ValueError for one outside 100...999. One below 200,
    // other than 101, is no final response: sending it fails.
    explicit Response(int status = 200) : status_(status) {
        if (status < 100 || status > 999) [[unlikely]]
            throw_no_status(status);
    }

    // Text, as "text/plain; charset=utf-8".
    static Response text(IntoString text, int status = 200);
    // HTML, as "text/html; charset=utf-8".
    static Response html(IntoString text, int status = 200);
    // Bytes, as they are.
    static Response bytes(IntoString body, std::string_view content_type = "application/octet-stream",
                          int status = 200);
#ifdef AIO_HTTP_HAS_JSON
    // JSON, as "application/json; charset=utf-8". Errors: nlohmann::json::type_error for strings that are not UTF-8.
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
    // A body that is sent as it is yielded, with chunked coding, or as `size` bytes if that is known. The next piece is
    // taken when the client has received enough of the earlier ones.
    static Response stream(AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> size = std::nullopt);
    static Response stream(std::unique_ptr<detail::BodySource> source,
                           std::optional<std::uint64_t> size = std::nullopt);

    // Setters return the response; that of a temporary can be returned: `co_return Response::json(job,
    // 201).header(...)`.

    int status() const noexcept { return status_; }  // 200
    std::string_view reason() const noexcept;        // the reason phrase: "OK"
    // Errors: also ValueError for a reason with control characters.
    Response& set_status(int status, std::string_view reason = {}) &;

    // The headers that were set; the server adds others when it sends them.
    Headers& headers() noexcept { return headers_; }
    const Headers& headers() const noexcept { return headers_; }
    // headers().set(). Errors: its.
    Response& header(std::string_view name, std::string_view value) & {
        headers_.set(name, value);
        return *this;
    }
    // The value of Content-Type with its parameters; "" if there is none.
    std::string_view content_type() const noexcept;
    // The type that text(), html() or json() has set; the headers may have another.
    std::string_view default_type() const noexcept { return type_; }
    // Sets the header Content-Type. Errors: as header().
    Response& set_content_type(std::string_view type) & { return header("Content-Type", type); }
    // Appends or replaces the charset parameter of Content-Type.
    Response& set_charset(std::string_view charset) &;
    // The charset parameter, or "".
    std::string charset() const;

    // The body; empty for one that is streamed.
    const std::string& body() const noexcept { return body_; }
    // Replaces the body.
    Response& set_body(IntoString body) &;

    // Adds a Set-Cookie header, or replaces that of the same name. Errors: as Cookie::header().
    Response& set_cookie(const Cookie& cookie) &;
    Response& set_cookie(std::string_view name, std::string_view value) &;
    // Makes the client drop a cookie. Path and domain must be those with which it was set.
    Response& del_cookie(std::string_view name, std::string_view path = "/", std::string_view domain = {}) &;

    // Sets the header ETag; `opaque` is without quotes. Errors: ValueError for characters that a tag may not contain.
    Response& set_etag(std::string_view opaque, bool weak = false) &;
    // Sets the header Last-Modified, in seconds since 1970.
    Response& set_last_modified(std::int64_t unix_time) &;
    // The date of Last-Modified in seconds since 1970; nullopt if there is none.
    std::optional<std::int64_t> last_modified() const noexcept;

    // Compresses the body with the coding that the client prefers (Accept-Encoding), or with the given one. Bodies with
    // a Content-Encoding, and empty ones, are not compressed.
    Response& enable_compression(ContentCoding coding = ContentCoding::negotiate) &;
    // Closes the connection after this response.
    Response& force_close() &;

    // The same for temporaries.
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

    // For the library: the rare settings.
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
