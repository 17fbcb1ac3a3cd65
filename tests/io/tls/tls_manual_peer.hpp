// A TLS peer whose every byte a test decides: the engine over a plain connection, driven by hand.
#pragma once

#include <aio/base/error.hpp>

#include "io/tls/engine.hpp"
#include "support/tls_peers.hpp"

#include <algorithm>
#include <string>

namespace aio::test {

class ManualPeer {
public:
    ManualPeer(StreamReader reader, StreamWriter writer, ssl::SSLContext context)
        : reader_(std::move(reader)), writer_(std::move(writer)), engine_(setup(context), "the tested end") {}

    // A client's first words.
    void begin() {
        engine_.handshake();
        flush();
    }
    Coro<> handshake() {
        bool done = engine_.handshake();
        while (!done) {
            flush();
            co_await more();
            done = engine_.handshake();
        }
        if (!engine_.read(plain_)) ended_ = true;
        flush();
    }
    // At least one byte; empty at the end.
    Coro<std::string> read() {
        while (plain_.empty()) {
            if (ended_) co_return "";
            co_await more();
            if (!engine_.read(plain_)) ended_ = true;
        }
        std::string data(plain_.view());
        plain_.release();
        co_return data;
    }
    Coro<std::string> read_all() {
        std::string all;
        while (true) {
            const std::string data = co_await read();
            if (data.empty()) co_return all;
            all += data;
        }
    }
    void write(std::string_view data) {
        engine_.write(data, data.size());
        flush();
    }
    void close_notify() {
        engine_.send_close_notify();
        flush();
    }
    bool got_close_notify() const { return engine_.received_close_notify(); }
    // Asks for new keys of the other end, which answers.
    void update_keys() {
        SSL_key_update(engine_.ssl(), SSL_KEY_UPDATE_REQUESTED);
        engine_.handshake();
        flush();
    }
    // A server's handshake; of what comes behind it (its tickets) only the first `size` bytes go out, until let_go().
    Coro<> handshake_holding_behind(std::size_t size) {
        while (!engine_.handshake()) {
            flush();
            co_await more();
        }
        allowed_ = size;
        flush();
    }
    void let_go() {
        allowed_ = std::string::npos;
        flush();
    }
    // Null before a server's client has said something.
    SSL* ssl() const { return engine_.ssl(); }
    StreamReader& reader() { return reader_; }
    StreamWriter& writer() { return writer_; }

private:
    static aio::detail::TlsEngine::Setup setup(const ssl::SSLContext& context) {
        aio::detail::TlsEngine::Setup made;
        made.context = context.context();
        made.server_side = context.protocol() == ssl::PROTOCOL_TLS_SERVER;
        if (!made.server_side) made.server_hostname = "localhost";
        return made;
    }
    void flush() {
        aio::detail::ByteBuffer& output = engine_.output();
        const std::size_t size = std::min(output.size(), allowed_);
        writer_.write(output.view().substr(0, size));
        output.consume(size);
        if (allowed_ != std::string::npos) allowed_ -= size;
    }
    Coro<> more() {
        cipher_ = co_await reader_.read(65536);
        if (cipher_.empty()) ended_ = true;
        if (ended_ && !handshaken()) throw ConnectionResetError(104, "manual handshake");
        engine_.give(cipher_);
    }
    bool handshaken() const { return engine_.ssl() && SSL_is_init_finished(engine_.ssl()) != 0; }

    StreamReader reader_;
    StreamWriter writer_;
    aio::detail::TlsEngine engine_;
    aio::detail::ByteBuffer plain_;
    std::string cipher_;
    std::size_t allowed_ = std::string::npos;
    bool ended_ = false;
};

}  // namespace aio::test
