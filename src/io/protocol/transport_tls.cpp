// Transport's part of TLS, in a file of its own: only a program that calls it is linked with TLS.
#include <aio/io/ssl.hpp>
#include <aio/io/stream.hpp>

#include "io/protocol/transport_core.hpp"

#include <utility>

namespace aio {

namespace {

// Holds input back from the protocol: the handshake, and cleartext that arrived after start_tls() was called.
class HeldInput {
public:
    explicit HeldInput(Transport transport) noexcept : transport_(std::move(transport)) {
        transport_.core().hold_input();
    }
    HeldInput(HeldInput&&) noexcept = default;
    ~HeldInput() {
        if (transport_) transport_.core().let_input();
    }

private:
    Transport transport_;
};

Coro<> secure_held(HeldInput held, Coro<> securing) {
    const HeldInput until_secured(std::move(held));  // arguments live as long as a Task does
    co_await std::move(securing);
}

}  // namespace

Coro<> Transport::start_tls(const ssl::SSLContext& context, StartTlsOptions options) const {
    return secure_held(HeldInput(*this), StreamWriter(stream()).start_tls(context, options));
}

ssl::SSLObject Transport::ssl_object() const { return ssl::SSLObject(stream()); }

}  // namespace aio
