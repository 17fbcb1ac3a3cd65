// Errors as the tool reports them: exit status, advice, and whether a retry may help.
#include "cli/problem.hpp"

#include "cli/checksum.hpp"

#include <aio/http/errors.hpp>
#include <aio/ws/errors.hpp>

#include <fmt/core.h>

namespace aio::cli {

namespace {

std::string_view advice(int status) {
    switch (status) {
        case 401: return "; give credentials with -u NAME:PASSWORD";
        case 407: return "; give the proxy credentials with -x http://NAME:PASSWORD@PROXY";
        default: return "";
    }
}

Problem explain_status(const StatusError& error) {
    Problem problem(kHttpError, error.what(), is_transient(error.status()));
    problem.retry_after = error.retry_after();
    return problem;
}

template <class E>
bool is(const http::ClientError& error) {
    return dynamic_cast<const E*>(&error) != nullptr;
}

// The order is that of the trees in aio/http/errors.hpp and aio/base/error.hpp: what derives comes first.
Problem explain_client_error(const http::ClientError& error) {
    const std::string what = error.what();
    if (is<http::InvalidURL>(error)) return {kBadUrl, what};
    if (is<http::TooManyRedirects>(error)) return {kRedirects, "too many redirects"};
    if (is<http::ClientHttpProxyError>(error)) {
        return {kReceiveError,
                "the proxy refused: " + what + "; give credentials with -x http://NAME:PASSWORD@PROXY"};
    }
    if (is<http::ClientConnectorDNSError>(error)) {
        return {kNoHost, what + "; is the host name correct, and the network up?", true};
    }
    if (is<http::ClientConnectorCertificateError>(error)) {
        return {kBadCertificate, what + "; --cacert FILE trusts another authority, -k accepts any certificate"};
    }
    if (is<http::ClientConnectorSSLError>(error)) return {kTlsError, what};
    if (is<http::ClientProxyConnectionError>(error)) {
        return {kNoConnection, what + "; -x sets another proxy, no_proxy=HOST in the environment avoids it", true};
    }
    if (is<http::ClientConnectorError>(error)) {
        return {kNoConnection, what + "; is a server running there?", true};
    }
    if (is<http::ConnectionTimeoutError>(error)) {
        return {kTimedOut, what + "; --connect-timeout raises the limit", true};
    }
    if (is<http::SocketTimeoutError>(error)) {
        return {kTimedOut, what + "; --read-timeout raises the limit", true};
    }
    if (is<http::ServerTimeoutError>(error)) return {kTimedOut, what + "; --max-time raises the limit", true};
    if (is<http::ServerDisconnectedError>(error)) return {kNoAnswer, what, true};
    if (is<http::ClientPayloadError>(error)) return {kCutShort, what, true};
    return {kReceiveError, what, is<http::ClientConnectionError>(error)};
}

Problem explain_websocket_error(const ws::WebSocketException& error) {
    if (dynamic_cast<const ws::InvalidURI*>(&error)) return {kBadUrl, error.what()};
    if (dynamic_cast<const ws::SecurityError*>(&error)) return {kRedirects, error.what()};
    const auto* const refused = dynamic_cast<const ws::InvalidStatus*>(&error);
    if (!refused) return {kReceiveError, error.what()};
    return explain_status(StatusError(refused->response().status, refused->response().reason, std::nullopt));
}

}  // namespace

bool is_transient(int status) noexcept {
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

StatusError::StatusError(int status, std::string_view reason, std::optional<std::chrono::seconds> retry_after)
    : Error(fmt::format("the server answered {}{}{}{}", status, reason.empty() ? "" : " ", reason, advice(status))),
      status_(status),
      retry_after_(retry_after) {}

Problem explain(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const StatusError& e) {
        return explain_status(e);
    } catch (const http::ClientError& e) {
        return explain_client_error(e);
    } catch (const ws::WebSocketException& e) {
        return explain_websocket_error(e);
    } catch (const ChecksumError& e) {
        return {kBadChecksum, std::string(e.what()) + "; nothing was stored"};
    } catch (const UsageError& e) {
        return {e.status(), e.what()};
    } catch (const TimeoutError& e) {
        return {kTimedOut, std::string(e.what()) + "; --connect-timeout raises the limit", true};
    } catch (const OSError& e) {  // those of the network are ClientErrors
        return {kWriteError, e.what()};
    } catch (const std::exception& e) {
        return {kFailed, e.what()};
    }
}

}  // namespace aio::cli
