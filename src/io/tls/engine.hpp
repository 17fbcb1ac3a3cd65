// One end of a TLS connection, without a socket: OpenSSL reads from the bytes it is given and writes into a buffer.
//
// There is no memory BIO in between: OpenSSL takes ciphertext out of the backend's receive buffer, decrypts straight
// into the stream's buffer, and what it encrypts lands in the buffer that will be sent.
#pragma once

#include <aio/io/byte_buffer.hpp>

#include "io/tls/context.hpp"

#include <exception>
#include <string>
#include <string_view>

namespace aio::detail {

class TlsEngine {
public:
    struct Setup {
        std::shared_ptr<TlsContext> context;
        bool server_side = false;
        bool check_hostname = false;
        std::string server_hostname;  // a client's, may be empty
        std::shared_ptr<TlsSession> session;
    };

    // `peer` names the other end in messages. A server allocates what a connection needs once its client has sent
    // something. Errors: a client's: SSLError; ValueError for a session of another context or name.
    TlsEngine(Setup setup, std::string peer);
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;

    // What the functions below read; they leave nothing of it. It must stay where it is until then.
    void give(std::string_view input) noexcept { input_ = input; }

    // True once the handshake is over. Errors: SSLError and its children; a server's: as the constructor. There may be
    // an alert in output().
    bool handshake();
    // Decrypts all there is into `plain`; false when the peer has sent close_notify. Errors: as handshake().
    bool read(ByteBuffer& plain);
    // Encrypts the beginning of `plain`, `at_most` bytes, and returns the rest: nothing is encrypted while only the
    // beginning of a handshake message (a ticket, new keys) has come. Errors: SSLError, std::bad_alloc.
    std::string_view write(std::string_view plain, std::size_t at_most);
    // False: not while a handshake message is incomplete. Errors: std::bad_alloc.
    bool send_close_notify();

    // What is to be sent. Whoever takes it, empties it.
    ByteBuffer& output() noexcept { return output_; }
    const ByteBuffer& output() const noexcept { return output_; }

    // Null until the handshake has begun.
    SSL* ssl() const noexcept { return ssl_.get(); }
    const Setup& setup() const noexcept { return setup_; }
    // The one in charge: the servername callback may have chosen another.
    const std::shared_ptr<TlsContext>& context() const noexcept { return chosen_ ? chosen_ : setup_.context; }
    bool received_close_notify() const noexcept { return received_close_notify_; }
    // "TLS handshake with 'example.org' at 127.0.0.1:443", or after it "TLS connection with ...".
    std::string attempted() const;
    // The host name that a server's client asks for; empty: none.
    const std::string& requested_name() const noexcept { return requested_name_; }
    // What the context trusted when the handshake began.
    const TlsContext::TrustId& trust_id() const noexcept { return trust_id_; }

    // OpenSSL's callbacks: of a server's contexts, and of those that have a servername callback.
    static int client_hello(SSL* ssl, int* alert, void*);
    static int acknowledge_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

private:
    static const BIO_METHOD* bio_method();
    static int bio_read(BIO* bio, char* data, int size);
    static int bio_write(BIO* bio, const char* data, int size);
    static long bio_control(BIO* bio, int command, long, void*);
    static int verified(int good, X509_STORE_CTX* store);

    void open();
    void name_the_peer();
    void resume();
    void note_refusal(X509_STORE_CTX* store);
    void meet_client();
    std::string name_in_hello() const;
    void choose_context();
    void scope_session();
    void note_first_bytes();
    [[noreturn]] void fail(int result);
    [[noreturn]] void fail_verification();
    std::string hint(const std::string& reason) const;

    Setup setup_;
    std::string peer_;
    Owned<SSL, SSL_free> ssl_;
    std::string_view input_;
    ByteBuffer output_;
    bool handshaken_ = false;
    bool broken_ = false;  // a fatal error: OpenSSL must not be asked for more
    bool received_close_notify_ = false;
    bool met_client_ = false;
    bool out_of_memory_ = false;          // in a callback
    std::exception_ptr refusal_;          // of the servername callback
    std::shared_ptr<TlsContext> chosen_;  // by the servername callback
    std::string requested_name_;
    TlsContext::TrustId trust_id_{};
    int verify_code_ = 0;  // why the peer's certificate was refused
    std::string verify_message_;
    std::string first_bytes_;  // of the peer, to tell what it speaks if it is not TLS
};

}  // namespace aio::detail
