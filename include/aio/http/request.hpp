// What a handler is called with: a request whose head has come, and whose body may still be on its way
// (aiohttp.web.Request).
//
//     aio::Coro<Response> greet(Request& request) {
//         auto id = request.match_info<int>("id");               // 404 unless it is one
//         nlohmann::json order = co_await request.json();
//         ...
//     }
//
// The body is read when the handler asks for it; what it does not read is dropped before the next request. Views are
// valid until the handler has returned, and so is the request itself: copy what outlives it.
//
// Of all that reads the body: *Cancel*: what was read by then is lost. *Errors*: RequestPayloadError when it breaks
// off; HTTPRequestTimeout when it comes too slowly; both become responses where nobody catches them.
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_request.py.
#pragma once

#include <aio/http/app_key.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/parse_text.hpp>
#include <aio/http/response.hpp>
#include <aio/http/upgraded.hpp>
#include <aio/http/url.hpp>
#include <aio/io/stream.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::http {

class Application;
class MultipartReader;
class PostData;
class Request;

namespace wire {
struct Head;
}

namespace detail {
class Exchange;
struct RequestExtra;
struct Route;
struct RequestAccess;
}  // namespace detail

// Which bytes Range asks for: first and last, both included. Of "bytes=-500" only `last` (a suffix of 500), of
// "bytes=500-" only `first`.
struct HttpRange {
    std::optional<std::uint64_t> first, last;
};

class Request {
public:
    Request() noexcept;
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    // "GET".
    std::string_view method() const noexcept;
    // HTTP/1.1 or 1.0.
    int minor_version() const noexcept;
    // Unquoted: "/café".
    std::string path() const;
    // As it was sent, quoted, without the query.
    std::string_view raw_path() const noexcept { return raw_path_; }
    // "/path?query", as it was sent.
    std::string_view path_qs() const noexcept;
    std::string_view query_string() const noexcept { return query_; }
    // The parameters of the query, in order; the first of this name.
    const Query& query() const;
    std::optional<std::string_view> query(std::string_view name) const;
    std::string_view query(std::string_view name, std::string_view otherwise) const;
    // The same as a number, a bool or a std::string: query<int>("page", 1). Errors: HTTPBadRequest for what is no T.
    template <detail::ParsedFromText T>
    std::optional<T> query(std::string_view name) const {
        return detail::parse_parameter<T>("query parameter", name, query(name));
    }
    template <detail::ParsedFromText T>
    T query(std::string_view name, std::type_identity_t<T> otherwise) const {
        return query<T>(name).value_or(std::move(otherwise));
    }
    // Path and query; with scheme and host in front. (What CONNECT asks for has no path.)
    URL rel_url() const;
    URL url() const;
    // "https" over TLS, else "http". Behind a proxy that is the proxy's connection.
    std::string_view scheme() const noexcept { return secure() ? "https" : "http"; }
    bool secure() const noexcept;
    // Of the target, if that is a URL, else the Host header, else the address of the socket: "example.org:8080".
    std::string host() const;
    // The client's address; "" over Unix sockets.
    const std::string& remote() const;
    Address peername() const;
    Address sockname() const;

    const Headers& headers() const noexcept;
    // The cookies that were sent, in order; the first of this name.
    const std::vector<std::pair<std::string, std::string>>& cookies() const;
    std::optional<std::string_view> cookie(std::string_view name) const;
    // "text/plain": without parameters, lower case; "application/octet-stream" where there is none.
    std::string content_type() const;
    std::string charset() const;
    std::optional<std::uint64_t> content_length() const noexcept;
    bool keep_alive() const noexcept;
    // Nothing where the header is missing or is no date. In seconds since 1970.
    std::optional<std::int64_t> if_modified_since() const noexcept;
    std::optional<std::int64_t> if_unmodified_since() const noexcept;
    // If-Range, as a date.
    std::optional<std::int64_t> if_range() const noexcept;
    // Whether If-Match (strongly) or If-None-Match (weakly) names this tag, given as ETag has it.
    bool if_match(std::string_view etag) const;
    bool if_none_match(std::string_view etag) const;
    // One range of bytes. Errors: ValueError for anything else, as several ranges.
    HttpRange http_range() const;

    // What stood for {name} in the route's path, unquoted. Errors: ValueError when the route has no such name.
    std::string_view match_info(std::string_view name) const;
    std::string_view match_info(std::string_view name, std::string_view otherwise) const noexcept;
    // The same as a number, a bool or a std::string: match_info<int>("id"). Errors: also HTTPNotFound for what is no T,
    // since no resource has that path.
    template <detail::ParsedFromText T>
    T match_info(std::string_view name) const {
        std::optional<T> value = detail::parse_text<T>(match_info(name));
        if (!value) detail::throw_no_such_path();
        return *std::move(value);
    }
    // The application that the route belongs to: of nested ones, the innermost.
    Application& app() const;
    // The name of the route's path; "".
    std::string_view route_name() const noexcept;

    // --- the body ------------------------------------------------------------------------------------------

    bool can_read_body() const noexcept { return has_body_; }
    // As it comes, without a limit of size.
    BodyReader& content() noexcept { return content_; }
    // All of it; the second time too. Errors: HTTPRequestEntityTooLarge beyond client_max_size.
    Coro<std::string> read();
    // The same as text. Errors: HTTPUnsupportedMediaType for a charset other than UTF-8, ASCII and Latin-1; what is
    // Latin-1 becomes UTF-8. HTTPBadRequest for what is not UTF-8.
    Coro<std::string> text();
#ifdef AIO_HTTP_HAS_JSON
    // Errors: HTTPBadRequest for what is no JSON.
    Coro<nlohmann::json> json();
#endif
    // The fields of a form, urlencoded or multipart; files are kept on disk. Empty for other types.
    // Errors: HTTPRequestEntityTooLarge beyond client_max_size in all.
    Coro<const PostData*> post();
    // The parts of a multipart body as they come. Errors: HTTPBadRequest for a body that is none.
    MultipartReader multipart();

    // --- what middlewares leave for handlers ------------------------------------------------------------------

    template <class T, class U = T>
        requires std::constructible_from<T, U>
    T& set(const RequestKey<T>& key, U&& value) {
        auto stored = std::make_shared<T>(std::forward<U>(value));
        T& result = *stored;
        keys().set(key, std::move(stored));
        return result;
    }
    // Errors: ValueError when nothing was set.
    template <class T>
    T& get(const RequestKey<T>& key) const {
        return *static_cast<T*>(keys().get(key));
    }
    template <class T>
    T* find(const RequestKey<T>& key) const noexcept {
        return static_cast<T*>(keys().find(key));
    }

    // --- the connection -----------------------------------------------------------------------------------------

    // Whether the client would like another protocol (Upgrade, or CONNECT).
    bool upgrade_requested() const noexcept;
    // Leaves HTTP: sends "101 Switching Protocols" with these headers, and hands the connection over. It closes when
    // the handler returns; what that returns is not sent. Errors: RuntimeError when a response has begun.
    Coro<Upgraded> upgrade(Headers headers);
    // Of TLS: aio/io/ssl.hpp.
    ssl::SSLObject ssl_object() const;

private:
    friend struct detail::RequestAccess;

    detail::RequestExtra& extra() const;
    detail::KeyStore& keys() const;

    wire::Head* head_ = nullptr;
    detail::Exchange* exchange_ = nullptr;  // null: a mocked request
    Application* app_ = nullptr;            // the route's
    Application* root_ = nullptr;           // the server's
    const detail::Route* route_ = nullptr;
    std::string_view raw_path_, query_;  // of the head's target
    std::string_view route_path_;  // the path as routes compare it: of raw_path_, or of the extra's requoted one
    bool has_body_ = false;
    std::vector<std::pair<std::string_view, std::string_view>> captured_;  // names and values of the route's path
    BodyReader content_;
    mutable std::unique_ptr<detail::RequestExtra> extra_;  // what few handlers ask for; kept for the next request
};

}  // namespace aio::http
