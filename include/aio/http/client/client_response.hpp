// ClientResponse: the response to a request, with its headers; its body is read on demand.
//
//     auto response = co_await session.get(url);
//     response.raise_for_status();
//     auto pieces = response.content().iter_chunked(64 * 1024);
//     while (auto piece = co_await pieces.next()) ...
//
// A handle that can be moved. When the body has been read to its end the connection is returned to the pool
// automatically. A response that is dropped, or released, before that closes its connection, because the rest of the
// body would precede the next response.
//
// Of all reads: *Cancel*: no received data are lost. *Errors*: ClientPayloadError when the body is truncated or badly
// encoded; SocketTimeoutError; ServerTimeoutError when the request's total time has passed; ClientOSError.
// Thread rule: the session's loop. Source: aiohttp 3.11 client_reqrep.py.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/json_object.hpp>
#include <aio/http/upgraded.hpp>
#include <aio/http/url.hpp>
#include <aio/io/stream.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

namespace detail {
struct ResponseState;
}

// One member of a Link header (RFC 8288).
struct Link {
    URL url;                                                      // absolute
    std::string rel;                                              // the relation: "next"; "" if there is none
    std::vector<std::pair<std::string, std::string>> parameters;  // `rel` included

    Link() = default;
    // The value of the first parameter of this name; "" if there is none.
    std::string_view parameter(std::string_view name) const noexcept;
};

// The response to a request: aiohttp.ClientResponse.
class [[nodiscard]] ClientResponse {
public:
    // For the library: a request makes it.
    explicit ClientResponse(std::unique_ptr<detail::ResponseState> state) noexcept;
    ClientResponse(ClientResponse&&) noexcept;
    ClientResponse& operator=(ClientResponse&&) noexcept;
    ~ClientResponse();

    int status() const noexcept;                 // 200
    const std::string& reason() const noexcept;  // the reason phrase as it was sent: "OK"
    // The x of HTTP/1.x: 1 or 0.
    int minor_version() const noexcept;
    // Whether the status is below 400.
    bool ok() const noexcept { return status() < 400; }

    // The method of the request, after a redirect the last one.
    const std::string& method() const noexcept;
    // The URL of the response after all redirects, without the fragment; and with it.
    const URL& url() const noexcept;
    const URL& real_url() const noexcept;
    // The request, for errors and logs.
    RequestInfo request_info() const;

    // The headers of the response, not decoded.
    const Headers& headers() const noexcept;
    // The cookies of its Set-Cookie headers.
    std::vector<Cookie> cookies() const;
    // "text/html", lower case, without parameters; "application/octet-stream" without a valid Content-Type.
    std::string content_type() const;
    // The charset of Content-Type, lower case.
    std::optional<std::string> charset() const;
    // The size of the body as it is sent, in bytes, from Content-Length.
    std::optional<std::uint64_t> content_length() const noexcept;
    // The members of its Link headers.
    std::vector<Link> links() const;
    // The earlier responses: redirects, the first one first. Their bodies cannot be read any more.
    const std::vector<ClientResponse>& history() const noexcept;

    // --- the body ----------------------------------------------------------------------------------------

    // The body as it arrives, decoded. The reader lives as long as the response, also when that is moved.
    BodyReader& content() noexcept;
    // All bytes of the body. They are kept: text() and json() may follow.
    Coro<std::string> read() &;
    // The same without a copy, for a response that is not needed any more: std::move(response).read().
    Coro<std::string> read() &&;
    // The body as UTF-8 text, decoded from `encoding`, else from charset(), else from UTF-8. Invalid bytes throw
    // aio::UnicodeDecodeError ("strict"), become U+FFFD ("replace"), or are left out ("ignore").
    // Errors: also UnknownCharsetError; ValueError for other `errors`.
    Coro<std::string> text(std::string encoding = "", std::string errors = "strict");
#ifdef AIO_HTTP_HAS_JSON
    // The body parsed as JSON. Include <nlohmann/json.hpp> to use it. Errors: also ContentTypeError when Content-Type
    // is not JSON (unless check_content_type is false), nlohmann::json::parse_error, JSONDepthError (json.hpp).
    Coro<nlohmann::json> json(bool check_content_type = true);
#endif
    // Writes the body to a file as it arrives. Result: its size. Errors: also OSError.
    Coro<std::uint64_t> to_file(IntoString path);

    // --- the end -----------------------------------------------------------------------------------------

    // Throws ClientResponseError for a status of 400 and above, and then releases the connection.
    void raise_for_status();
    // Returns the connection to the pool if the body was read, else closes it.
    void release() noexcept;
    void close() noexcept { release(); }
    // Whether the connection was returned to the pool or closed.
    bool closed() const noexcept;

    // After status 101: the connection, which is the caller's from now on. Errors: RuntimeError otherwise.
    Upgraded upgrade();

    // For the library: the state behind the handle.
    detail::ResponseState& state() const noexcept { return *state_; }

private:
    std::unique_ptr<detail::ResponseState> state_;
};

}  // namespace aio::http
