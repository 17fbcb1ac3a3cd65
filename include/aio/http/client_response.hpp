// ClientResponse: the answer to a request; its head is here, its body is read when it is wanted.
//
//     auto response = co_await session.get(url);
//     response.raise_for_status();
//     auto pieces = response.content().iter_chunked(64 * 1024);
//     while (auto piece = co_await pieces.next()) ...
//
// A handle that can be moved. Once the body was read to its end the connection goes back to the pool by itself. A
// response that is dropped, or released, before that closes its connection: what the server still sends would stand
// in the next answer's way.
//
// Of all reads: *Cancel*: nothing that came is lost. *Errors*: ClientPayloadError when the body is cut short or badly
// encoded; SocketTimeoutError; ServerTimeoutError when the request's total time is over; ClientOSError.
// Thread rule: the session's loop. Source: aiohttp 3.11 client_reqrep.py.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/client_options.hpp>
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
    URL url;  // absolute
    std::string rel;
    std::vector<std::pair<std::string, std::string>> parameters;  // `rel` included

    Link() = default;
    std::string_view parameter(std::string_view name) const noexcept;
};

class [[nodiscard]] ClientResponse {
public:
    explicit ClientResponse(std::unique_ptr<detail::ResponseState> state) noexcept;
    ClientResponse(ClientResponse&&) noexcept;
    ClientResponse& operator=(ClientResponse&&) noexcept;
    ~ClientResponse();

    int status() const noexcept;
    const std::string& reason() const noexcept;
    // Of HTTP/1.x: 1 or 0.
    int minor_version() const noexcept;
    // Whether the status is below 400.
    bool ok() const noexcept { return status() < 400; }

    const std::string& method() const noexcept;
    // Where the answer came from in the end, without the fragment; and with it.
    const URL& url() const noexcept;
    const URL& real_url() const noexcept;
    RequestInfo request_info() const;

    const Headers& headers() const noexcept;
    // Those that this answer set.
    std::vector<Cookie> cookies() const;
    // "text/html", lower case; "application/octet-stream" if it does not say.
    std::string content_type() const;
    // The charset of Content-Type, lower case.
    std::optional<std::string> charset() const;
    std::optional<std::uint64_t> content_length() const noexcept;
    std::vector<Link> links() const;
    // The answers before this one: redirects. Their bodies are gone.
    const std::vector<ClientResponse>& history() const noexcept;

    // --- the body ----------------------------------------------------------------------------------------

    // As it comes, decoded. Lives as long as the response, wherever that is moved.
    BodyReader& content() noexcept;
    // All of it, as bytes. Kept: text() and json() may follow.
    Coro<std::string> read() &;
    // The same without a copy, of a response that is not needed any more: std::move(response).read().
    Coro<std::string> read() &&;
    // All of it, as UTF-8: decoded from `encoding`, else from charset(), else taken for UTF-8. What cannot be decoded is
    // an aio::UnicodeDecodeError ("strict"), becomes U+FFFD ("replace"), or is left out ("ignore").
    // Errors: also UnknownCharsetError.
    Coro<std::string> text(std::string encoding = "", std::string errors = "strict");
#ifdef AIO_HTTP_HAS_JSON
    // All of it. Include <nlohmann/json.hpp> to use it. Errors: also ContentTypeError when Content-Type does not say
    // that it is JSON (unless told not to look), nlohmann::json::parse_error when it is not, JSONDepthError (json.hpp).
    Coro<nlohmann::json> json(bool check_content_type = true);
#endif
    // Writes the body to a file, as it comes; gives its size. Errors: also OSError.
    Coro<std::uint64_t> to_file(IntoString path);

    // --- the end -----------------------------------------------------------------------------------------

    // Throws ClientResponseError for a status of 400 and above, and releases the connection then.
    void raise_for_status();
    // Gives the connection back if the body was read, else closes it.
    void release() noexcept;
    void close() noexcept { release(); }
    // Whether the connection is gone, back to the pool or closed.
    bool closed() const noexcept;

    // After status 101: the connection, which is the caller's from now on. Errors: RuntimeError otherwise.
    Upgraded upgrade();

    detail::ResponseState& state() const noexcept { return *state_; }

private:
    std::unique_ptr<detail::ResponseState> state_;
};

}  // namespace aio::http
