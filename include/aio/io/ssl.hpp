// TLS: contexts, sessions, certificates and errors, named as in Python's ssl module.
//
//     auto [reader, writer] = co_await aio::open_connection("example.org", 443, {.ssl = true});
//
//     aio::ssl::SSLContext context = aio::ssl::create_default_context(aio::ssl::Purpose::CLIENT_AUTH);
//     context.load_cert_chain("server.pem", "server.key");
//     auto server = co_await aio::start_server(handle, "", 8443, {.ssl = context});
//
// A context says how connections are secured; streams over TLS are used as others are, with these differences:
//   - open_connection() returns, and a server calls its handler, once the handshake is over. A failed handshake
//     is open_connection()'s error; a server only logs it, in debug mode.
//   - write_eof() is not possible. When the peer ends its direction (close_notify), the stream reads to its end and
//     closes: what was written is still sent, what is written from then on is dropped. As in asyncio.
//   - close() sends what is buffered and close_notify, and waits for the peer's: ssl_shutdown_timeout without any
//     progress, and wait_closed() throws TimeoutError.
//   - A connection that ends without close_notify may have been cut short by an attacker. As in asyncio the stream
//     just ends; with `.suppress_ragged_eofs = false` reads throw SSLEOFError, and
//     SSLObject::received_close_notify() tells in any case. Protocols that know their lengths need neither.
//   - drain() waits above 512 KiB.
// Renegotiation is refused. A handshake computes on the loop's thread: about a millisecond for a server with a
// 2048-bit RSA key, a tenth of that with an elliptic curve.
//
// Clients verify the server's certificate and its name, unless they are told not to. Handles: copies of a context
// name the same context.
//
// Thread rule: a context may be used by the loops of several threads, if none changes it any more.
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
class SSLError : public OSError {
public:
    SSLError(int code, const std::string& message, std::string library = {}, std::string reason = {})
        : OSError(code, message, Complete{}), library_(std::move(library)), reason_(std::move(reason)) {}

    // "SSL", "X509", "PEM"...; "WRONG_VERSION_NUMBER"...; or empty.
    const std::string& library() const noexcept { return library_; }
    const std::string& reason() const noexcept { return reason_; }

private:
    std::string library_, reason_;
};

class SSLCertVerificationError : public SSLError {
public:
    SSLCertVerificationError(int code, const std::string& message, int verify_code, std::string verify_message)
        : SSLError(code, message, "SSL", "CERTIFICATE_VERIFY_FAILED"),
          verify_code_(verify_code),
          verify_message_(std::move(verify_message)) {}

    // Which check failed: OpenSSL's X509_V_ERR_ code, and what it means for this certificate: "certificate has
    // expired (notAfter=May  1 12:00:00 2020 GMT)".
    int verify_code() const noexcept { return verify_code_; }
    const std::string& verify_message() const noexcept { return verify_message_; }

private:
    int verify_code_;
    std::string verify_message_;
};
using CertificateError = SSLCertVerificationError;

class SSLZeroReturnError : public SSLError {
public:
    using SSLError::SSLError;
};

class SSLEOFError : public SSLError {
public:
    using SSLError::SSLError;
};

// --- contexts ------------------------------------------------------------------------------------------------

enum class Protocol : std::uint8_t { PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER };
using enum Protocol;

// What the peer's certificate is wanted for. SERVER_AUTH: by a client. CLIENT_AUTH: by a server.
enum class Purpose : std::uint8_t { SERVER_AUTH, CLIENT_AUTH };

enum class VerifyMode : std::uint8_t {
    CERT_NONE,      // clients: any certificate will do; servers: ask for none
    CERT_OPTIONAL,  // servers: ask for one, which must be good if it comes
    CERT_REQUIRED   // there must be a good one
};
using enum VerifyMode;

// Add them up.
enum VerifyFlags : unsigned long {
    VERIFY_DEFAULT = 0,
    VERIFY_CRL_CHECK_LEAF = 0x4,   // the peer's certificate must be in no revocation list; a list must be there
    VERIFY_CRL_CHECK_CHAIN = 0xc,  // and those above it
    VERIFY_X509_STRICT = 0x20,     // no work-arounds for broken certificates
    VERIFY_ALLOW_PROXY_CERTS = 0x40,
    VERIFY_X509_TRUSTED_FIRST = 0x8000,
    VERIFY_X509_PARTIAL_CHAIN = 0x80000  // trust what was loaded, though it be no root
};

enum class TLSVersion : int { MINIMUM_SUPPORTED = -2, MAXIMUM_SUPPORTED = -1, TLSv1_2 = 0x0303, TLSv1_3 = 0x0304 };

class SSLContext {
public:
    // A client's verifies, and needs load_default_certs() or load_verify_locations(); a server's asks for no
    // certificate, and needs load_cert_chain(). TLS 1.2 and 1.3, the ciphers of Python's ssl.
    // Errors of this and all below: SSLError; std::bad_alloc.
    explicit SSLContext(Protocol protocol);

    // --- whom to trust: certificates of authorities, and revocation lists. Reads files: not on a busy loop.

    // The system's certificates, or those of SSL_CERT_FILE and SSL_CERT_DIR.
    void load_default_certs() const;
    // A file in PEM format; a folder as `openssl rehash` makes it; text in PEM format, or bytes in DER format.
    // Errors: OSError when the file cannot be read; ValueError without any.
    void load_verify_locations(std::string_view cafile, std::string_view capath = {},
                               std::string_view cadata = {}) const;

    VerifyMode verify_mode() const noexcept;
    // Errors: ValueError for CERT_NONE while check_hostname is on.
    void set_verify_mode(VerifyMode mode) const;
    // Clients: whether the certificate must be valid for server_hostname. Subject alternative names count, the
    // common name does not (RFC 9525; Python still falls back to it).
    bool check_hostname() const noexcept;
    // On: CERT_NONE becomes CERT_REQUIRED.
    void set_check_hostname(bool check) const noexcept;
    unsigned long verify_flags() const noexcept;
    void set_verify_flags(unsigned long flags) const;

    // --- who we are

    // Our certificate, with those between it and an authority, and its private key, which may be in the same file.
    // Errors: OSError when a file cannot be read; SSLError, which says whether the key needs a password, the
    // password is wrong, or the key is not the certificate's.
    void load_cert_chain(std::string_view certfile, std::string_view keyfile = {},
                         std::string_view password = {}) const;

    // --- how

    TLSVersion minimum_version() const noexcept;
    TLSVersion maximum_version() const noexcept;
    void set_minimum_version(TLSVersion version) const;
    void set_maximum_version(TLSVersion version) const;
    // OpenSSL's list format, for TLS 1.2; those of 1.3 are always on.
    void set_ciphers(std::string_view ciphers) const;
    // Their names, the preferred one first.
    std::vector<std::string> get_ciphers() const;
    // Application protocols ("h2", "http/1.1"), the preferred one first. The server chooses; without a common one
    // the connection goes on, with none. Errors: ValueError for a name that is empty or above 255 bytes.
    void set_alpn_protocols(const std::vector<std::string>& protocols) const;
    // Servers: how many tickets for session resumption a client gets with TLS 1.3. Default: 2. Errors: ValueError for more
    // than 255.
    std::size_t num_tickets() const noexcept;
    void set_num_tickets(std::size_t count) const;

    // Servers: called during the handshake with the host name that the client asks for, empty if it does not say;
    // the context returned takes over, with its certificate, authorities, verify_mode, versions and application
    // protocols. Nothing: this one. An exception: the client gets an alert, and the handshake fails with it. A session
    // is resumed only for the name and under the context that it began with; else a full handshake follows.
    using ServernameCallback = aio::detail::Function<std::optional<SSLContext>(std::string_view name)>;
    void set_servername_callback(ServernameCallback callback) const;

    // Appends each connection's secrets to this file, for Wireshark; empty: no longer. create_default_context()
    // takes it from SSLKEYLOGFILE. Errors: OSError when it cannot be opened.
    const std::string& keylog_filename() const noexcept;
    void set_keylog_filename(std::string_view path) const;

    Protocol protocol() const noexcept;
    // Connections made by and accepted with it: handshakes ended, those of them that resumed a session.
    struct SessionStats {
        long connect_good, accept_good, hits;
    };
    SessionStats session_stats() const noexcept;

    bool operator==(const SSLContext& other) const noexcept { return context_ == other.context_; }
    const std::shared_ptr<aio::detail::TlsContext>& context() const noexcept { return context_; }
    explicit SSLContext(std::shared_ptr<aio::detail::TlsContext> context) noexcept : context_(std::move(context)) {}

private:
    std::shared_ptr<aio::detail::TlsContext> context_;
};

// A context with good settings. SERVER_AUTH, for clients: it verifies, strictly, against the given authorities, or
// the system's if none is given. CLIENT_AUTH, for servers: give it a certificate with load_cert_chain().
SSLContext create_default_context(Purpose purpose = Purpose::SERVER_AUTH, std::string_view cafile = {},
                                  std::string_view capath = {}, std::string_view cadata = {});

// --- what there is to know of a connection -------------------------------------------------------------------

struct Certificate {
    std::string subject, issuer;  // RFC 2253: "CN=example.org,O=Example"
    // ("DNS", "example.org"), ("IP Address", "127.0.0.1"), ("email", ...), ("URI", ...)
    std::vector<std::pair<std::string, std::string>> subject_alt_name;
    std::chrono::system_clock::time_point not_before, not_after;
    std::string serial_number;  // hexadecimal digits
    int version = 0;            // 3
    std::string der;            // all of it
};

struct Cipher {
    std::string name;      // "TLS_AES_256_GCM_SHA384"
    std::string protocol;  // "TLSv1.3"
    int secret_bits = 0;
};

// What a client needs to resume a connection without a full handshake: taken from one connection with
// SSLObject::session() after something was read (with TLS 1.3 it comes behind the handshake), given to a later
// one to the same host, with the same context, as `{.ssl_session = &session}`. One that began before the context's
// authorities or its verification were changed is not resumed: a full handshake follows.
class SSLSession {
public:
    SSLSession() noexcept = default;
    explicit SSLSession(std::shared_ptr<aio::detail::TlsSession> session) noexcept : session_(std::move(session)) {}

    explicit operator bool() const noexcept { return session_ != nullptr; }
    bool has_ticket() const noexcept;
    // How long the server will accept it, counted from the handshake.
    std::chrono::seconds timeout() const noexcept;

    const std::shared_ptr<aio::detail::TlsSession>& session() const noexcept { return session_; }

private:
    std::shared_ptr<aio::detail::TlsSession> session_;
};

// StreamWriter::ssl_object(). False when the connection is not encrypted. It keeps the stream's memory.
class SSLObject {
public:
    explicit SSLObject(aio::detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}

    explicit operator bool() const noexcept { return filter() != nullptr; }

    // Errors of all below: RuntimeError when the connection is not encrypted.

    // "TLSv1.3"; empty before the handshake.
    std::string version() const;
    std::optional<Cipher> cipher() const;
    // Empty: none was agreed on.
    std::string selected_alpn_protocol() const;
    // The peer's certificate. Nothing in it can be trusted if verify_mode is CERT_NONE.
    std::optional<Certificate> getpeercert() const;
    // For clients; empty when there is nothing to resume.
    SSLSession session() const;
    bool session_reused() const;
    bool server_side() const;
    // A client's server_hostname; what a server's client asked for.
    std::string server_hostname() const;
    SSLContext context() const;
    // Whether the peer has ended its direction in good order, so that nothing of it is missing.
    bool received_close_notify() const;

private:
    aio::detail::TlsFilter* filter() const noexcept;
    aio::detail::TlsFilter& require() const;

    aio::detail::StreamRef stream_;
};

}  // namespace aio::ssl
