// What can go wrong with a request (aiohttp's tree):
//
//   aio::Error
//     ClientError
//       InvalidURL                          the URL cannot be understood, or is not for http
//       ClientConnectionError               no connection, or it broke
//         ClientOSError                     a system call failed: code() is its errno
//           ClientConnectorError            connecting failed
//             ClientConnectorDNSError       the host has no address
//             ClientConnectorSSLError       the TLS handshake failed
//               ClientConnectorCertificateError   because of the certificate
//             ClientProxyConnectionError    the proxy cannot be reached
//           ClientConnectionResetError      the connection broke while the request was sent
//         ServerConnectionError
//           ServerDisconnectedError         the server closed the connection before it answered
//           ServerFingerprintMismatch       the certificate is not the one that was pinned
//           ServerTimeoutError              also an aio::TimeoutError: the total time passed
//             ConnectionTimeoutError        connect or sock_connect passed: no connection in time
//             SocketTimeoutError            sock_read passed: no data for too long
//       ClientPayloadError                  the body is broken: cut short, badly encoded, too large unpacked
//       ClientResponseError                 the server's answer is the problem: status(), message(), headers()
//         ContentTypeError                  json() of something that is not JSON
//         TooManyRedirects
//         ClientHttpProxyError              the proxy refused
//         WSServerHandshakeError            the server did not upgrade to a WebSocket
//
// All timeouts of a client are ServerTimeoutErrors: `catch (const aio::TimeoutError&)` catches them, and so does
// `catch (const ClientError&)`. Cancellation is CancelledError. Each error knows its request: request_info().
#pragma once

#include <aio/base/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

class Headers;
struct RequestInfo;

class ClientError : public virtual Error {
public:
    explicit ClientError(const std::string& message) { set_message(message); }

    // The request, or null where there was none yet (a URL that cannot be parsed).
    const RequestInfo* request_info() const noexcept { return request_.get(); }
    void set_request_info(std::shared_ptr<const RequestInfo> request) noexcept { request_ = std::move(request); }

private:
    std::shared_ptr<const RequestInfo> request_;
};

class InvalidURL : public ClientError {
public:
    // "the URL 'http://a b/': a space in the host"
    InvalidURL(std::string_view url, std::string_view problem);
    const std::string& url() const noexcept { return url_; }

private:
    std::string url_;
};

class ClientConnectionError : public ClientError {
public:
    using ClientError::ClientError;
};

class ClientOSError : public ClientConnectionError {
public:
    ClientOSError(int code, const std::string& message) : ClientConnectionError(message), code_(code) {}
    // errno; for a ClientConnectorDNSError one of netdb.h's EAI_ codes.
    int code() const noexcept { return code_; }

private:
    int code_;
};

class ClientConnectorError : public ClientOSError {
public:
    using ClientOSError::ClientOSError;
};

class ClientConnectorDNSError : public ClientConnectorError {
public:
    using ClientConnectorError::ClientConnectorError;
};

class ClientConnectorSSLError : public ClientConnectorError {
public:
    using ClientConnectorError::ClientConnectorError;
};

class ClientConnectorCertificateError : public ClientConnectorSSLError {
public:
    using ClientConnectorSSLError::ClientConnectorSSLError;
};

class ClientProxyConnectionError : public ClientConnectorError {
public:
    using ClientConnectorError::ClientConnectorError;
};

class ClientConnectionResetError : public ClientOSError {
public:
    using ClientOSError::ClientOSError;
};

class ServerConnectionError : public ClientConnectionError {
public:
    using ClientConnectionError::ClientConnectionError;
};

class ServerDisconnectedError : public ServerConnectionError {
public:
    using ServerConnectionError::ServerConnectionError;
};

class ServerFingerprintMismatch : public ServerConnectionError {
public:
    using ServerConnectionError::ServerConnectionError;
};

class ServerTimeoutError : public ServerConnectionError, public TimeoutError {
public:
    explicit ServerTimeoutError(const std::string& message) : ServerConnectionError(message), TimeoutError(message) {}
};

class ConnectionTimeoutError : public ServerTimeoutError {
public:
    using ServerTimeoutError::ServerTimeoutError;
};

class SocketTimeoutError : public ServerTimeoutError {
public:
    using ServerTimeoutError::ServerTimeoutError;
};

class ClientPayloadError : public ClientError {
public:
    using ClientError::ClientError;
};

class ClientResponseError : public ClientError {
public:
    ClientResponseError(int status, std::string_view message, std::shared_ptr<const Headers> headers = nullptr);

    int status() const noexcept { return status_; }
    const std::string& message() const noexcept { return message_; }
    // Of the response; null when there are none.
    const Headers* headers() const noexcept { return headers_.get(); }

private:
    int status_;
    std::string message_;
    std::shared_ptr<const Headers> headers_;
};

class ContentTypeError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

class TooManyRedirects : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

class ClientHttpProxyError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

class WSServerHandshakeError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

}  // namespace aio::http
