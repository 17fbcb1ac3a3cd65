// TLS: contexts, sessions, certificates and errors, named as in Python's ssl module.
//
//     auto [reader, writer] = co_await aio::open_connection("example.org", 443, {.ssl = true});
//
//     aio::ssl::SSLContext context = aio::ssl::create_default_context(aio::ssl::Purpose::CLIENT_AUTH);
//     context.load_cert_chain("server.pem", "server.key");
//     auto server = co_await aio::start_server(handle, "", 8443, {.ssl = context});
//
// A context has the settings of connections; streams over TLS are used like others, with these differences:
//   - open_connection() returns, and a server calls its handler, after the handshake. open_connection() throws the
// error of
//     a failed handshake; a server only logs it, in debug mode.
//   - write_eof() is not possible. When the peer ends its direction (close_notify), the stream reads to its end and
// closes:
//     data written before are still sent, data written from then on are dropped. As in asyncio.
//   - close() sends the buffered data and close_notify, and waits for the peer's; after ssl_shutdown_timeout without
// any
//     progress wait_closed() throws TimeoutError.
//   - A connection that ends without close_notify may have been truncated by an attacker. As in asyncio the stream just
//     ends; with `.suppress_ragged_eofs = false` reads throw SSLEOFError. SSLObject::received_close_notify() is correct
// in
//     either case. Protocols whose messages have a length need neither.
//   - drain() waits above 512 KiB.
// Renegotiation is refused. A handshake computes on the loop's thread: about a millisecond for a server with a
// 2048-bit RSA key, a tenth of that with an elliptic curve.
//
// Clients verify the server's certificate and its name, unless the context is set otherwise. Handles: copies of a
// context name the same context.
//
// Thread rule: a context may be used by the loops of several threads once it is not changed any more.
// Source: Python 3.13's ssl module and asyncio/sslproto.py (semantics 48); RFC 8446, RFC 5246, RFC 9525.
#pragma once

#include <aio/base/error.hpp>
#include <aio/base/function.hpp>
#include <aio/io/ssl_use.hpp>
#include <aio/io/stream_core.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::detail {
class TlsContext;
class TlsFilter;
struct TlsSession;
}  // namespace aio::detail

namespace aio::ssl {

// --- errors --------------------------------------------------------------------------------------------------
//
//   OSError
//     SSLError                        code() is one of OpenSSL's SSL_ERROR_ codes
//       SSLCertVerificationError      the peer's certificate was refused
//       SSLZeroReturnError            the peer closed the connection in good order, during the handshake
//       SSLEOFError                   the connection ended without close_notify

// An error of OpenSSL: Python's ssl.SSLError. code() is one of its SSL_ERROR_ codes, not an errno.
class SSLError : public OSError {
public:
    SSLError(int code, const std::string& message, std::string library = {}, std::string reason = {})
        : OSError(code, message, Complete{}), library_(std::move(library)), reason_(std::move(reason)) {}

    // The part of OpenSSL, "SSL", "X509", "PEM"..., and its reason, "WRONG_VERSION_NUMBER"...; empty if unknown.
    const std::string& library() const noexcept { return library_; }
    const std::string& reason() const noexcept { return reason_; }

private:
    std::string library_, reason_;
};

// The peer's certificate was refused: it is not trusted, has expired, or is not valid for the host.
class SSLCertVerificationError : public SSLError {
public:
    SSLCertVerificationError(int code, const std::string& message, int verify_code, std::string verify_message)
        : SSLError(code, message, "SSL", "CERTIFICATE_VERIFY_FAILED"),
          verify_code_(verify_code),
          verify_message_(std::move(verify_message)) {}

    // The check that failed: OpenSSL's X509_V_ERR_ code, and its text for this certificate: "certificate has expired
    // (notAfter=May  1 12:00:00 2020 GMT)".
    int verify_code() const noexcept { return verify_code_; }
    const std::string& verify_message() const noexcept { return verify_message_; }

private:
    int verify_code_;
    std::string verify_message_;
};
// Its name in earlier versions of Python.
using CertificateError = SSLCertVerificationError;

// The peer closed the connection in good order, during the handshake.
class SSLZeroReturnError : public SSLError {
public:
    using SSLError::SSLError;
};

// The connection ended without close_notify: thrown by reads with `.suppress_ragged_eofs = false`.
class SSLEOFError : public SSLError {
public:
    using SSLError::SSLError;
};

// --- contexts ------------------------------------------------------------------------------------------------

// The side of the handshake that a context is for.
enum class Protocol : std::uint8_t { PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER };
using enum Protocol;

// The purpose of the peer's certificate. SERVER_AUTH: a client verifies a server.
// CLIENT_AUTH: a server verifies a client.
enum class Purpose : std::uint8_t { SERVER_AUTH, CLIENT_AUTH };

// Whether the peer must have a valid certificate.
enum class VerifyMode : std::uint8_t {
    CERT_NONE,      // clients: accept any certificate; servers: request none
    CERT_OPTIONAL,  // servers: request one, which must be valid if the client sends one
    CERT_REQUIRED   // a valid certificate is required
};
using enum VerifyMode;

// The bits of SSLContext::verify_flags().
enum VerifyFlags : unsigned long {
    VERIFY_DEFAULT = 0,
    VERIFY_CRL_CHECK_LEAF = 0x4,   // the peer's certificate must not be revoked; a revocation list must be loaded
    VERIFY_CRL_CHECK_CHAIN = 0xc,  // the same for those above it
    VERIFY_X509_STRICT = 0x20,     // no workarounds for broken certificates
    VERIFY_ALLOW_PROXY_CERTS = 0x40,
    VERIFY_X509_TRUSTED_FIRST = 0x8000,
    VERIFY_X509_PARTIAL_CHAIN = 0x80000  // trust the loaded certificates even if they are no roots
};

// A version of TLS. MINIMUM_SUPPORTED and MAXIMUM_SUPPORTED: the least and the greatest that this library supports.
enum class TLSVersion : int { MINIMUM_SUPPORTED = -2, MAXIMUM_SUPPORTED = -1, TLSv1_2 = 0x0303, TLSv1_3 = 0x0304 };

// The settings of TLS connections: Python's ssl.SSLContext. create_default_context() makes one with good settings.
class SSLContext {
public:
    // A client's context verifies, and needs load_default_certs() or load_verify_locations(); a server's requests no
    // certificate, and needs load_cert_chain(). TLS 1.2 and 1.3, the ciphers of Python's ssl.
    // Errors of this and all below: SSLError; std::bad_alloc.
    explicit SSLContext(Protocol protocol);

    // --- trust: certificates of authorities, and revocation lists. These read files: do not call them on a busy loop.

    // Loads the system's certificates, or those of SSL_CERT_FILE and SSL_CERT_DIR.
    void load_default_certs() const;
    // Loads a file in PEM format; a folder made by `openssl rehash`; text in PEM format, or bytes in DER format.
    // Errors: OSError when the file cannot be read; ValueError when all three are empty.
    void load_verify_locations(std::string_view cafile, std::string_view capath = {},
                               std::string_view cadata = {}) const;

    // CERT_REQUIRED for a client, CERT_NONE for a server, unless it was set.
    VerifyMode verify_mode() const noexcept;
    // Errors: ValueError for CERT_NONE while check_hostname is on.
    void set_verify_mode(VerifyMode mode) const;
    // Clients: whether the certificate must be valid for server_hostname. Subject alternative names count, the
    // common name does not (RFC 9525; Python still falls back to it).
    bool check_hostname() const noexcept;
    // true also changes CERT_NONE to CERT_REQUIRED.
    void set_check_hostname(bool check) const noexcept;
    // A sum of VerifyFlags.
    unsigned long verify_flags() const noexcept;
    void set_verify_flags(unsigned long flags) const;

    // --- identity

    // Loads the own certificate, with those between it and an authority, and its private key, which may be in the same
    // file. Errors: OSError when a file cannot be read; SSLError, whose message distinguishes a missing password, a
    // wrong one, and a key of another certificate.
    void load_cert_chain(std::string_view certfile, std::string_view keyfile = {},
                         std::string_view password = {}) const;

    // --- versions, ciphers, protocols

    // The versions that the handshake may choose, TLSv1_2 to MAXIMUM_SUPPORTED unless set.
    TLSVersion minimum_version() const noexcept;
    TLSVersion maximum_version() const noexcept;
    void set_minimum_version(TLSVersion version) const;
    void set_maximum_version(TLSVersion version) const;
    // A list in OpenSSL's format, for TLS 1.2; the ciphers of TLS 1.3 are always on. Errors:
    // SSLError when it selects none.
    void set_ciphers(std::string_view ciphers) const;
    // The names of the ciphers, the preferred one first.
    std::vector<std::string> get_ciphers() const;
    // Application protocols ("h2", "http/1.1"), the preferred one first. The server chooses; without a common one the
    // connection has none. Errors: ValueError for a name that is empty or above 255 bytes.
    void set_alpn_protocols(const std::vector<std::string>& protocols) const;
    // Servers: the number of tickets for session resumption that a client gets with TLS 1.3. Default: 2.
    // Errors: ValueError for more than 255.
    std::size_t num_tickets() const noexcept;
    void set_num_tickets(std::size_t count) const;

    // Servers: called during the handshake with the host name that the client requests, or an empty one. The context
    // that it returns replaces this one, with its certificate, authorities, verify_mode, versions and application
    // protocols; nullopt: this one stays. An exception: the client gets an alert, and the handshake fails with it. A
    // session is resumed only for the name and under the context with which it began; else a full handshake follows.
    using ServernameCallback = aio::detail::Function<std::optional<SSLContext>(std::string_view name)>;
    void set_servername_callback(ServernameCallback callback) const;

    // The file to which each connection's secrets are appended, for Wireshark; empty: none. create_default_context()
    // takes it from SSLKEYLOGFILE. Errors: OSError when it cannot be opened.
    const std::string& keylog_filename() const noexcept;
    void set_keylog_filename(std::string_view path) const;

    // The side given to the constructor.
    Protocol protocol() const noexcept;
    // Counts of handshakes that this context completed.
    struct SessionStats {
        long connect_good, accept_good, hits;  // as a client, as a server; those that resumed a session
    };
    // The counts so far.
    SessionStats session_stats() const noexcept;

    bool operator==(const SSLContext& other) const noexcept { return context_ == other.context_; }
    // For the library: the state behind the handle.
    const std::shared_ptr<aio::detail::TlsContext>& context() const noexcept { return context_; }
    explicit SSLContext(std::shared_ptr<aio::detail::TlsContext> context) noexcept : context_(std::move(context)) {}

private:
    std::shared_ptr<aio::detail::TlsContext> context_;
};

// A context with good settings: ssl.create_default_context. SERVER_AUTH, for clients: it verifies, strictly, against
// the given authorities, or the system's if none is given. CLIENT_AUTH, for servers: add a certificate with
// load_cert_chain(). Errors: those of SSLContext's constructor and of load_verify_locations().
SSLContext create_default_context(Purpose purpose = Purpose::SERVER_AUTH, std::string_view cafile = {},
                                  std::string_view capath = {}, std::string_view cadata = {});

// --- the state of a connection -------------------------------------------------------------------------------

// A certificate of the peer, as Python's getpeercert() has it.
struct Certificate {
    std::string subject, issuer;  // RFC 2253: "CN=example.org,O=Example"
    // ("DNS", "example.org"), ("IP Address", "127.0.0.1"), ("email", ...), ("URI", ...)
    std::vector<std::pair<std::string, std::string>> subject_alt_name;
    std::chrono::system_clock::time_point not_before, not_after;  // it is valid from, until
    std::string serial_number;                                    // hexadecimal digits
    int version = 0;                                              // 3
    std::string der;                                              // the whole certificate in DER format
};

// The cipher of a connection.
struct Cipher {
    std::string name;      // "TLS_AES_256_GCM_SHA384"
    std::string protocol;  // "TLSv1.3"
    int secret_bits = 0;   // the size of the key: 256
};

// The data with which a client resumes a session without a full handshake: ssl.SSLSession. Take it from a connection
// with SSLObject::session() after something was read (with TLS 1.3 it arrives after the handshake), and pass it to a
// later connection to the same host, with the same context, as `{.ssl_session = &session}`. A session that began before
// the context's authorities or verification were changed is not resumed: a full handshake follows.
class SSLSession {
public:
    SSLSession() noexcept = default;
    explicit SSLSession(std::shared_ptr<aio::detail::TlsSession> session) noexcept : session_(std::move(session)) {}

    // False for an empty session.
    explicit operator bool() const noexcept { return session_ != nullptr; }
    // Whether the server has sent a ticket for it.
    bool has_ticket() const noexcept;
    // The time for which the server accepts it, counted from the handshake; 0 for an empty session.
    std::chrono::seconds timeout() const noexcept;

    // For the library: the state behind the handle.
    const std::shared_ptr<aio::detail::TlsSession>& session() const noexcept { return session_; }

private:
    std::shared_ptr<aio::detail::TlsSession> session_;
};

// The TLS state of a connection, as ssl.SSLObject: the result of StreamWriter::ssl_object().
// It keeps the stream's memory.
class SSLObject {
public:
    explicit SSLObject(aio::detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}

    // Whether the connection is encrypted.
    explicit operator bool() const noexcept { return filter() != nullptr; }

    // Errors of all below: RuntimeError when the connection is not encrypted.

    // "TLSv1.3"; empty before the handshake.
    std::string version() const;
    // The cipher in use; nullopt before the handshake.
    std::optional<Cipher> cipher() const;
    // The application protocol, "h2"; empty if none was agreed on.
    std::string selected_alpn_protocol() const;
    // The peer's certificate; nullopt if it sent none. Nothing in it can be trusted if verify_mode is CERT_NONE.
    std::optional<Certificate> getpeercert() const;
    // The session, for clients; empty for servers, and when it cannot be resumed.
    SSLSession session() const;
    // Whether the handshake resumed an earlier session.
    bool session_reused() const;
    // Whether this side was the server of the handshake.
    bool server_side() const;
    // A client's server_hostname; on a server the name that the client requested.
    std::string server_hostname() const;
    // The context in use: a servername callback may have replaced the first one.
    SSLContext context() const;
    // Whether the peer has sent close_notify, so that no data of it are missing.
    bool received_close_notify() const;

private:
    aio::detail::TlsFilter* filter() const noexcept;
    aio::detail::TlsFilter& require() const;

    aio::detail::StreamRef stream_;
};

}  // namespace aio::ssl
