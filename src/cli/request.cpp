// Turns the options into a ClientSession and its requests.
#include "cli/request.hpp"

#include "cli/problem.hpp"

#include <aio/files.hpp>
#include <aio/ssl.hpp>

#include "http/given_url.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace aio::cli {

namespace {

namespace wire = http::wire;

// Nothing for 0, which is no limit.
std::optional<Duration> limit(double seconds) {
    if (seconds <= 0) return std::nullopt;
    return std::chrono::duration<double>(seconds);
}

http::ClientSSL verification(const FetchOptions& options) {
    if (options.insecure) return false;
    if (options.cacert.empty()) return true;
    return ssl::create_default_context(ssl::Purpose::SERVER_AUTH, options.cacert);
}

http::Connector make_connector(const FetchOptions& options) {
    http::ConnectorOptions how;
    how.limit = 0;  // -c says how many there are
    how.ssl = verification(options);
    if (!options.unix_socket.empty()) return http::UnixConnector(options.unix_socket, how);
    return http::TCPConnector(how);
}

http::URL proxy_url(const std::string& text) {
    try {
        return http::detail::typed_url(text);
    } catch (const http::InvalidURL& error) {
        throw UsageError(std::string("-x: ") + error.what(), kNoProxy);
    }
}

http::SessionOptions session_options(const FetchOptions& options) {
    http::SessionOptions how;
    how.connector = make_connector(options).share();
    how.timeout.total = limit(options.max_time);
    how.timeout.sock_connect = limit(options.connect_timeout);
    how.timeout.sock_read = limit(options.read_timeout);
    how.auto_decompress = options.compressed;
    if (!options.compressed) how.skip_auto_headers.push_back("Accept-Encoding");
    how.headers.add("User-Agent", options.user_agent.empty() ? "aiocpp/" AIOCPP_VERSION : options.user_agent);
    how.trust_env = options.unix_socket.empty();
    how.requote_redirect_url = false;  // as curl: what is signed stays signed
    if (!options.proxy.empty()) how.proxy = proxy_url(options.proxy);
    if (!options.user.empty()) {
        const std::size_t colon = options.user.find(':');
        const std::string password = colon == std::string::npos ? "" : options.user.substr(colon + 1);
        how.auth = http::BasicAuth(options.user.substr(0, colon), password);
    }
    return how;
}

// Errors in options are reported before any request is sent.
http::ClientSession make_session(const FetchOptions& options) {
    try {
        return http::ClientSession(session_options(options));
    } catch (const UsageError&) {
        throw;
    } catch (const ValueError& error) {
        throw UsageError(error.what());
    }
}

void append_head(std::string& text, const http::ClientResponse& response) {
    text += "HTTP/1." + std::to_string(response.minor_version()) + " " + std::to_string(response.status());
    if (!response.reason().empty()) text += " " + response.reason();
    text += "\r\n";
    for (const auto& [name, value] : response.headers()) wire::append_field(text, name, value);
    text += "\r\n";
}

}  // namespace

Coro<std::string> load_form(std::vector<std::string> pieces) {
    std::string form;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (i > 0) form += '&';
        if (!pieces[i].starts_with('@')) {
            form += pieces[i];
            continue;
        }
        std::string content = co_await files::read_file(pieces[i].substr(1));
        std::erase_if(content, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
        form += content;
    }
    co_return form;
}

Requests::Requests(const FetchOptions& options, std::string form)
    : options_(options), form_(std::move(form)), session_(make_session(options)) {
    try {
        static_cast<void>(make(http::URL("http://localhost/")));
    } catch (const ValueError& error) {
        throw UsageError(error.what());
    }
}

void Requests::add_headers(http::ClientRequest& request) const {
    for (const std::string& line : options_.headers) {
        const std::size_t end = line.find_first_of(":;");
        if (end == std::string::npos) throw ValueError("-H '" + line + "': write it as 'Name: value'");
        const std::string name = line.substr(0, end);
        const std::string_view value = wire::trimmed(std::string_view(line).substr(end + 1));
        if (line[end] == ':' && value.empty()) {
            request.skip_auto_header(name);
        } else {
            request.header(name, value);
        }
    }
}

bool Requests::asks_for_part() const {
    return std::any_of(options_.headers.begin(), options_.headers.end(), [](const std::string& line) {
        return wire::equal_ignoring_case(line.substr(0, line.find_first_of(":;")), "Range");
    });
}

http::ClientRequest Requests::make(const http::URL& url) const {
    const bool has_form = !options_.data.empty();
    const std::string method = !options_.method.empty() ? options_.method
                               : options_.head          ? "HEAD"
                               : has_form               ? "POST"
                                                        : "GET";
    http::ClientRequest request = session_.request(method, url);
    if (has_form) request.data(form_, "application/x-www-form-urlencoded");
    request.allow_redirects(!options_.no_location);
    add_headers(request);
    return request;
}

std::string head_text(const http::ClientResponse& response) {
    std::string text;
    for (const http::ClientResponse& redirect : response.history()) append_head(text, redirect);
    append_head(text, response);
    return text;
}

}  // namespace aio::cli
