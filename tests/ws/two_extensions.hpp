// Two extensions, and the ends of connections that have them; the other end is raw.
#pragma once

#include "http/server/web_client.hpp"
#include "ws/ends.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {

inline bool is_data(const ws::Frame& frame) { return frame.opcode < ws::Opcode::close; }

// x-op; op=NAME: data begin with the name on their way.
class Op final : public ws::Extension {
public:
    explicit Op(std::string op) : op_(std::move(op) + ".") {}
    std::string_view name() const noexcept override { return "x-op"; }
    void encode(ws::Frame& frame) override {
        if (frame.data == "throw") throw std::runtime_error("an extension's bug");
        if (is_data(frame)) frame.data.insert(0, op_);
    }
    void decode(ws::Frame& frame, std::uint64_t max_size) override {
        if (!is_data(frame)) return;
        if (frame.data == "throw") throw std::runtime_error("an extension's bug");
        if (frame.data == "more") frame.data.assign(static_cast<std::size_t>(max_size) + 1, 'm');
        if (frame.data == "not utf-8") frame.data = op_ + "\xff";
        if (frame.data.starts_with('m')) return;
        if (!frame.data.starts_with(op_)) throw ws::ExtensionError(1002, "not for this op");
        frame.data.erase(0, op_.size());
    }

private:
    std::string op_;
};

// x-rsv2: sets that bit in all frames.
class Rsv2 final : public ws::Extension {
public:
    std::string_view name() const noexcept override { return "x-rsv2"; }
    void encode(ws::Frame& frame) override { frame.rsv2 = true; }
    void decode(ws::Frame& frame, std::uint64_t) override {
        if (!frame.rsv2) throw ws::ExtensionError(1002, "the bit is missing");
        frame.rsv2 = false;
    }
};

class OfferOp final : public ws::ClientExtensionFactory {
public:
    explicit OfferOp(std::optional<std::string> op) : params_{{"op", std::move(op)}} {}
    std::string_view name() const noexcept override { return "x-op"; }
    ws::ExtensionParameters request_params() const override { return params_; }
    std::unique_ptr<ws::Extension> process_response_params(const ws::ExtensionParameters& params,
                                                           ws::AcceptedExtensions) const override {
        if (params != params_) throw ws::NegotiationError("another op");
        return std::make_unique<Op>(params_[0].value.value_or("op"));
    }

private:
    const ws::ExtensionParameters params_;
};

class TakeOp final : public ws::ServerExtensionFactory {
public:
    explicit TakeOp(std::optional<std::string> op) : params_{{"op", std::move(op)}} {}
    std::string_view name() const noexcept override { return "x-op"; }
    std::pair<ws::ExtensionParameters, std::unique_ptr<ws::Extension>> process_request_params(
        const ws::ExtensionParameters& params, ws::AcceptedExtensions) const override {
        if (params != params_) throw ws::NegotiationError("another op");
        return {params_, std::make_unique<Op>(params_[0].value.value_or("op"))};
    }

private:
    const ws::ExtensionParameters params_;
};

class OfferRsv2 final : public ws::ClientExtensionFactory {
    std::string_view name() const noexcept override { return "x-rsv2"; }
    ws::ExtensionParameters request_params() const override { return {}; }
    std::unique_ptr<ws::Extension> process_response_params(const ws::ExtensionParameters& params,
                                                           ws::AcceptedExtensions accepted) const override {
        if (!params.empty()) throw ws::NegotiationError("it has no parameters");
        for (const auto& each : accepted) {
            if (each->name() == name()) throw ws::NegotiationError("twice");
        }
        return std::make_unique<Rsv2>();
    }
};

class TakeRsv2 final : public ws::ServerExtensionFactory {
    std::string_view name() const noexcept override { return "x-rsv2"; }
    std::pair<ws::ExtensionParameters, std::unique_ptr<ws::Extension>> process_request_params(
        const ws::ExtensionParameters& params, ws::AcceptedExtensions accepted) const override {
        if (!params.empty() || !accepted.empty()) throw ws::NegotiationError("declined");
        return {ws::ExtensionParameters(), std::make_unique<Rsv2>()};
    }
};

inline ws::Options options_with(bool deflate, std::uint64_t max_size = 1024) {
    ws::Options options;
    options.deflate.enabled = deflate;
    options.ping_interval.reset();
    options.max_size = max_size;
    return options;
}

inline ws::Connect with_all(ws::Connect connect) {
    return std::move(connect)
        .extension(std::make_shared<OfferRsv2>())
        .extension(std::make_shared<OfferOp>("this"))
        .extension(std::make_shared<OfferOp>("that"));
}

// A client that offers x-rsv2, two of x-op, and permessage-deflate, of a server that answers `header`.
inline Coro<> as_client_of(std::string header, bool deflate, EndsBody body) {
    Future<RawEnd*> arrived;
    Event leave;
    const auto talk = [&](RawEnd& end) -> Coro<> {
        arrived.set_result(&end);
        co_await leave.wait();
    };
    if (!header.empty()) header = "Sec-WebSocket-Extensions: " + header + "\r\n";
    const auto host = co_await RawHost::open(talk, header);
    std::optional<ws::Connection> ours;
    std::exception_ptr failure;
    try {
        ours = co_await with_all(ws::connect(host->url(), options_with(deflate)));
        RawEnd* const raw = co_await arrived;
        co_await body(Ends{*ours, *raw, true});
        ours->abort();
    } catch (const std::exception&) {
        failure = std::current_exception();
    }
    leave.set();
    co_await host->close();
    if (failure) std::rethrow_exception(failure);
}

// A server that supports x-rsv2 and two of x-op, with a client that offers `header`.
inline Coro<> as_server_of(std::string header, bool deflate, EndsBody body) {
    Future<ws::Connection> arrived;
    Event leave;
    const auto handler = [&](ws::Connection& connection) -> Coro<> {
        arrived.set_result(connection);
        co_await leave.wait();
    };
    ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0, options_with(deflate))
                            .extension(std::make_shared<TakeRsv2>())
                            .extension(std::make_shared<TakeOp>("this"))
                            .extension(std::make_shared<TakeOp>("that"));
    if (!header.empty()) header = "Sec-WebSocket-Extensions: " + header + "\r\n";
    const auto raw = co_await raw_client(server.port(), header);
    ws::Connection ours = co_await arrived;
    co_await body(Ends{ours, *raw, false});
    ours.abort();
    leave.set();
    raw->writer().close();
    server.close();
    co_await server.wait_closed();
}

inline Coro<> send_text(ws::Connection& connection, std::string_view text) { co_await connection.send(text); }

inline std::string extensions_in(const http::Headers& headers) {
    return headers.combined("Sec-WebSocket-Extensions");
}

}  // namespace aio::test
