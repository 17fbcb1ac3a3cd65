// What an SSLContext is a handle to. Connections share it too: OpenSSL's callbacks point here.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/ssl.hpp>

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>

namespace aio::detail {

template <auto Free>
struct FreeBy {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, FreeBy<Free>>;

class TlsContext {
public:
    explicit TlsContext(ssl::Protocol protocol);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    SSL_CTX* get() const noexcept { return handle_.get(); }
    bool is_server() const noexcept { return protocol == ssl::PROTOCOL_TLS_SERVER; }

    void set_keylog(std::string_view path);
    void set_alpn(const std::vector<std::string>& protocols);

    // Names the present rules of whom to trust. A resumed session's certificate is not looked at again, so a session is
    // good only where the rules are those under which it began; no other context has them, in no other process.
    using TrustId = std::array<unsigned char, 16>;
    const TrustId& trust_id() const noexcept { return trust_id_; }
    // They are not what they were.
    void trust_changed() noexcept;

    const ssl::Protocol protocol;
    bool check_hostname;
    ssl::SSLContext::ServernameCallback servername_callback;
    std::string keylog_filename;
    std::string alpn;  // in the wire's format: each name behind its length

private:
    static int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                           unsigned in_length, void* context);
    static void write_key(const SSL* ssl, const char* line);

    Owned<SSL_CTX, SSL_CTX_free> handle_;
    TrustId trust_id_{};
    int keylog_fd_ = -1;
};

// What an SSLSession is a handle to. It is good for one name and one context, as that was when the session began.
struct TlsSession {
    Owned<SSL_SESSION, SSL_SESSION_free> session;
    std::shared_ptr<TlsContext> context;
    TlsContext::TrustId trust_id;
    std::string server_hostname;
};

// The context of `.ssl = true`; null until it was made.
std::shared_ptr<TlsContext> default_client_context() noexcept;
// Makes it: reads files. Any thread. Errors: SSLError.
std::shared_ptr<TlsContext> make_default_client_context();
// It, made on a thread if need be. Errors: SSLError.
Coro<std::shared_ptr<TlsContext>> load_default_client_context();

}  // namespace aio::detail
