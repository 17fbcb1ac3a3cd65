// The errors of client requests (aiohttp's tree):
//
//   aio::Error
//     ClientError
//       InvalidURL                          the URL cannot be parsed, or is not for http
//       ClientConnectionError               no connection, or it broke
//         ClientOSError                     a system call failed: code() is its errno
//           ClientConnectorError            connecting failed
//             ClientConnectorDNSError       the host has no address
//             ClientConnectorSSLError       the TLS handshake failed
//               ClientConnectorCertificateError   because of the certificate
//             ClientProxyConnectionError    the proxy cannot be reached
//               ClientSocksProxyError       the SOCKS proxy refused: reply()
//           ClientConnectionResetError      the connection broke during the request or the response
//         ServerConnectionError
//           ServerDisconnectedError         the server closed the connection before the response
//           ServerFingerprintMismatch       the certificate is not the one that was pinned
//           ServerTimeoutError              also an aio::TimeoutError: the total time passed
//             ConnectionTimeoutError        connect or sock_connect passed: no connection in time
//             SocketTimeoutError            sock_read passed: no data for too long
//       ClientPayloadError                  the body is invalid: truncated, badly encoded, too large decompressed
//         EventTooLargeError                a server-sent event is longer than max_event_size
//       ClientResponseError                 the response is an error or malformed: status(), message(), headers()
//         ContentTypeError                  json() of a response that is not JSON
//         TooManyRedirects
//         ClientHttpProxyError              the proxy refused
//         WSServerHandshakeError            the server did not upgrade to a WebSocket
//
// All timeouts of a client are ServerTimeoutErrors: `catch (const aio::TimeoutError&)` catches them, and so does
// `catch (const ClientError&)`. Cancellation is CancelledError. Each error has its request: request_info().
#pragma once

#include <aio/base/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

class Headers;
struct RequestInfo;

// The base of all errors of a client's requests: aiohttp.ClientError.
class ClientError : public virtual Error {
public:
    explicit ClientError(const std::string& message) { set_message(message); }

    // The request, or null where there was none yet (a URL that cannot be parsed).
    const RequestInfo* request_info() const noexcept { return request_.get(); }
    // For the library: attaches the request.
    void set_request_info(std::shared_ptr<const RequestInfo> request) noexcept { request_ = std::move(request); }

private:
    std::shared_ptr<const RequestInfo> request_;
};

// A URL cannot be parsed, or is not for http or https.
class InvalidURL : public ClientError {
public:
    // "the URL 'http://a b/': a space in the host"
    InvalidURL(std::string_view url, std::string_view problem);
    // The text of the URL.
    const std::string& url() const noexcept { return url_; }

private:
    std::string url_;
};

// There is no connection, or it broke; also: the connector is closed.
class ClientConnectionError : public ClientError {
public:
    using ClientError::ClientError;
};

// A system call on the connection failed.
class ClientOSError : public ClientConnectionError {
public:
    ClientOSError(int code, const std::string& message) : ClientConnectionError(message), code_(code) {}
    // errno; for a ClientConnectorDNSError one of netdb.h's EAI_ codes.
    int code() const noexcept { return code_; }

private:
    int code_;
};

// Connecting to the server failed.
class ClientConnectorError : public ClientOSError {
public:
    using ClientOSError::ClientOSError;
};

// The host has no address.
class ClientConnectorDNSError : public ClientConnectorError {
public:
    using ClientConnectorError::ClientConnectorError;
};

// The TLS handshake with the server failed.
class ClientConnectorSSLError : public ClientConnectorError {
public:
    using ClientConnectorError::ClientConnectorError;
};

// The TLS handshake failed because the certificate of the server is not valid.
class ClientConnectorCertificateError : public ClientConnectorSSLError {
public:
    using ClientConnectorSSLError::ClientConnectorSSLError;
};

// Connecting to the proxy failed.
class ClientProxyConnectionError : public ClientConnectorError {
public:
    using ClientConnectorError::ClientConnectorError;
};

// A SOCKS proxy refused the connection, or the login, or does not speak SOCKS. code() is the errno that fits best:
// ECONNREFUSED, EHOSTUNREACH, EACCES for a login or a rule...
class ClientSocksProxyError : public ClientProxyConnectionError {
public:
    ClientSocksProxyError(int code, int reply, const std::string& message)
        : ClientProxyConnectionError(code, message), reply_(reply) {}
    // The reply of the proxy: 1 to 8 of RFC 1928 section 6, 91 to 93 of SOCKS4, 255 where it wants another
    // authentication; -1: there was none.
    int reply() const noexcept { return reply_; }

private:
    int reply_;
};

// The connection broke while the request was sent or the response was read.
class ClientConnectionResetError : public ClientOSError {
public:
    using ClientOSError::ClientOSError;
};

// The base of errors that the server caused on the connection.
class ServerConnectionError : public ClientConnectionError {
public:
    using ClientConnectionError::ClientConnectionError;
};

// The server closed the connection before it had sent the headers of the response.
class ServerDisconnectedError : public ServerConnectionError {
public:
    using ServerConnectionError::ServerConnectionError;
};

// The certificate of the server does not have the fingerprint of ClientSSL::fingerprint().
class ServerFingerprintMismatch : public ServerConnectionError {
public:
    using ServerConnectionError::ServerConnectionError;
};

// ClientTimeout::total passed. The base of the other timeouts of a client.
class ServerTimeoutError : public ServerConnectionError, public TimeoutError {
public:
    explicit ServerTimeoutError(const std::string& message) : ServerConnectionError(message), TimeoutError(message) {}
};

// ClientTimeout::connect or sock_connect passed: there was no connection in time.
class ConnectionTimeoutError : public ServerTimeoutError {
public:
    using ServerTimeoutError::ServerTimeoutError;
};

// ClientTimeout::sock_read passed: the server sent nothing for too long. Also: a
// WebSocket's peer did not answer a ping.
class SocketTimeoutError : public ServerTimeoutError {
public:
    using ServerTimeoutError::ServerTimeoutError;
};

// The body of the response is truncated, badly encoded, or too large when it is decompressed.
class ClientPayloadError : public ClientError {
public:
    using ClientError::ClientError;
};

// A server-sent event is longer than EventSourceOptions::max_event_size.
class EventTooLargeError : public ClientPayloadError {
public:
    using ClientPayloadError::ClientPayloadError;
};

// The response has an error status (raise_for_status()), or is malformed (status 400).
class ClientResponseError : public ClientError {
public:
    ClientResponseError(int status, std::string_view message, std::shared_ptr<const Headers> headers = nullptr);

    int status() const noexcept { return status_; }                   // of the response
    const std::string& message() const noexcept { return message_; }  // its reason phrase, or what is wrong with it
    // The headers of the response; null when there are none.
    const Headers* headers() const noexcept { return headers_.get(); }

private:
    int status_;
    std::string message_;
    std::shared_ptr<const Headers> headers_;
};

// json() of a response whose Content-Type is not JSON.
class ContentTypeError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

// There were more redirects than max_redirects.
class TooManyRedirects : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

// The proxy refused the connection, with its own status.
class ClientHttpProxyError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

// The server did not upgrade to a WebSocket, or its handshake is not valid.
class WSServerHandshakeError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
};

}  // namespace aio::http
