// Extensions: their offers and answers in both handshakes, what they do with frames, and what becomes of one that fails.
#include "http/server/web_client.hpp"
#include "ws/ends.hpp"

#include "ws/extensions.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {
namespace {

using testing::HasSubstr;

bool is_data(const ws::Frame& frame) { return frame.opcode < ws::Opcode::close; }

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

ws::Options options_with(bool deflate, std::uint64_t max_size = 1024) {
    ws::Options options;
    options.deflate.enabled = deflate;
    options.ping_interval.reset();
    options.max_size = max_size;
    return options;
}

ws::Connect with_all(ws::Connect connect) {
    return std::move(connect)
        .extension(std::make_shared<OfferRsv2>())
        .extension(std::make_shared<OfferOp>("this"))
        .extension(std::make_shared<OfferOp>("that"));
}

// A client that offers x-rsv2, two of x-op, and permessage-deflate, of a server that answers `header`.
Coro<> as_client_of(std::string header, bool deflate, EndsBody body) {
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
Coro<> as_server_of(std::string header, bool deflate, EndsBody body) {
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

Coro<> send_text(ws::Connection& connection, std::string_view text) { co_await connection.send(text); }

std::string extensions_in(const http::Headers& headers) { return headers.combined("Sec-WebSocket-Extensions"); }

}  // namespace

// --- the handshake ---------------------------------------------------------------------------------------------------

// websockets: test_client.test_extensions, test_client.test_no_extensions, test_client.test_offer_extension
// websockets: test_client.test_enable_extension, test_client.test_supported_extension_parameters
// websockets: test_client.test_multiple_supported_extension_parameters, test_client.test_multiple_extensions
// websockets: test_client.test_multiple_extensions_order
ASYNC_TEST(WSExtension, of_a_client_is_what_the_server_answers) {
    const struct {
        const char* answer;
        const char* frame;  // "42" as it is sent, after its first byte; or null: it is not agreed upon
        bool deflate = false;
    } cases[] = {
        {"", "81:42"},
        {"x-rsv2", "a1:42"},
        {"x-op; op=this", "81:this.42"},
        {"x-op; op=\"that\"", "81:that.42"},
        {" x-rsv2 , ,x-op;op=that", "a1:that.42"},
        {"x-op; op=that, x-op; op=this", "81:this.that.42"},
        {"x-op; op=this, x-op; op=that", "81:that.this.42"},
        {"x-op; op=other", nullptr},
        {"x-op", nullptr},
        {"x-other", nullptr},
        {"x-rsv2, x-rsv2", nullptr},
        {"x-rsv2; x", nullptr},
        {"x-op; op=", nullptr},
        {"x-op; op=\"a b\"", nullptr},
        {"x op", nullptr},
        {"permessage-deflate", nullptr},  // it was not offered
        {"permessage-deflate; server_max_window_bits=12, x-rsv2", nullptr, true},
    };
    for (const auto& each : cases) {
        bool agreed = false;
        const EndsBody body = [&](Ends ends) -> Coro<> {
            agreed = true;
            EXPECT_EQ(extensions_in(ends.ours.request_headers()), "x-rsv2, x-op; op=this, x-op; op=that");
            co_await ends.ours.send("42");
            const std::string frame = co_await ends.frame();
            EXPECT_EQ(frame, each.frame ? each.frame : "") << each.answer;
        };
        try {
            co_await as_client_of(each.answer, each.deflate, body);
        } catch (const ws::NegotiationError& error) {
            EXPECT_THAT(error.what(), HasSubstr("xtension"));
        }
        EXPECT_EQ(agreed, each.frame != nullptr) << each.answer;
    }
}

// websockets: test_server.test_no_extensions, test_server.test_extension, test_server.test_extension_not_enabled
// websockets: test_server.test_supported_extension_parameters, test_server.test_unsupported_extension_parameters
// websockets: test_server.test_multiple_supported_extension_parameters, test_server.test_multiple_extensions
// websockets: test_server.test_multiple_extensions_order
ASYNC_TEST(WSExtension, of_a_server_is_what_it_takes_of_the_offers) {
    const struct {
        const char* offers;
        const char* answer;
        const char* frame;
        bool deflate = false;
    } cases[] = {
        {"", "", "81:42"},
        {"x-rsv2", "x-rsv2", "a1:42"},
        {"x-op; op=this", "x-op; op=this", "81:this.42"},
        {"x-op; op=other, x-other, x-op; op=that", "x-op; op=that", "81:that.42"},
        {"x-op", "", "81:42"},
        {"x-rsv2, x-op; op=this", "x-rsv2, x-op; op=this", "a1:this.42"},
        {"x-op; op=this, x-rsv2", "x-op; op=this", "81:this.42"},  // this x-rsv2 wants to be the first
        {"x-op; op=that, x-op; op=this", "x-op; op=that, x-op; op=this", "81:this.that.42"},
        {"permessage-deflate, x-op; op=this", "x-op; op=this", "81:this.42"},
    };
    for (const auto& each : cases) {
        const EndsBody body = [&](Ends ends) -> Coro<> {
            EXPECT_EQ(extensions_in(ends.ours.response().headers), each.answer);
            co_await ends.ours.send("42");
            const std::string frame = co_await ends.frame();
            EXPECT_EQ(frame, each.frame) << each.offers;
        };
        co_await as_server_of(each.offers, each.deflate, body);
    }
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0).extension(std::make_shared<TakeOp>("this"));
    WebClient client = co_await WebClient::connect(server.port());
    client.send(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: x op\r\n\r\n");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr("invalid Sec-WebSocket-Extensions header: x op"));
    server.close();
    co_await server.wait_closed();
}

TEST(WSExtension, without_a_name_or_a_factory_is_an_error) {
    class Named final : public ws::ClientExtensionFactory {
    public:
        explicit Named(std::string_view name) : name_(name) {}
        std::string_view name() const noexcept override { return name_; }
        ws::ExtensionParameters request_params() const override { return {}; }
        std::unique_ptr<ws::Extension> process_response_params(const ws::ExtensionParameters&,
                                                               ws::AcceptedExtensions) const override {
            return nullptr;
        }

    private:
        std::string_view name_;
    };
    EXPECT_THROW(ws::connect("ws://localhost").extension(nullptr), ValueError);
    EXPECT_THROW(ws::connect("ws://localhost").extension(std::make_shared<Named>("a b")), ValueError);
    EXPECT_THROW(ws::connect("ws://localhost").extension(std::make_shared<Named>("permessage-deflate")), ValueError);
    EXPECT_THROW(ws::serve(echo_all, "127.0.0.1", 0).extension(nullptr), ValueError);
}

// websockets: test_headers.test_parse_extension, test_headers.test_parse_extension_invalid_header_format
TEST(WSExtension, headers_are_read_as_they_are_written) {
    const auto again = [](std::string_view header) {
        std::string all;
        for (const auto& each : ws::detail::parse_extensions(header)) {
            ws::detail::append_extension(all, ws::detail::written(each.name, each.parameters));
        }
        return all;
    };
    EXPECT_EQ(again("foo"), "foo");
    EXPECT_EQ(again("foo, bar"), "foo, bar");
    EXPECT_EQ(again("foo; name; token=token; quoted-string=\"quoted-string\""),
              "foo; name; token=token; quoted-string=quoted-string");
    EXPECT_EQ(again("foo, bar; quux, quuux"), "foo, bar; quux, quuux");
    EXPECT_EQ(again("a; b=\"c\\d\", ,\t e ,"), "a; b=cd, e");
    EXPECT_EQ(again(""), "");
    for (const char* bad :
         {"foo bar", "foo; bar=baz quux", "foo;", "foo; bar=\"baz", "foo; bar=\"a,b\"", ";", "foo; =a", "foo\x01"}) {
        EXPECT_THROW(again(bad), ws::NegotiationError) << bad;
    }
    EXPECT_THROW(ws::detail::written("foo", {{"a b"}}), ValueError);
    EXPECT_THROW(ws::detail::written("foo", {{"a", "b,c"}}), ValueError);
}

// --- frames ----------------------------------------------------------------------------------------------------------

// websockets: test_protocol.test_client_extension_encodes_frame, test_protocol.test_server_extension_encodes_frame
// websockets: test_protocol.test_client_extension_decodes_frame, test_protocol.test_server_extension_decodes_frame
// websockets: test_frames.test_extensions
ASYNC_TEST(WSExtension, changes_all_frames_both_ways) {
    const EndsBody body = [](Ends ends) -> Coro<> {
        const auto send = [&](unsigned first, std::string_view data) {
            // A mask of zeros where there must be one.
            std::string bytes(1, static_cast<char>(first));
            bytes += static_cast<char>((ends.client ? 0 : 0x80) | data.size());
            if (!ends.client) bytes.append(4, '\0');
            ends.raw.bytes(bytes.append(data));
        };
        send(0xa1, "this.whole");
        EXPECT_EQ((co_await ends.ours.recv()).text(), "whole");
        send(0x21, "this.in ");
        send(0xa9, "ping");
        send(0x20, "this.three ");
        send(0xa0, "this.\xc3\xa4");
        EXPECT_EQ((co_await ends.ours.recv()).text(), "in three \u00e4");
        EXPECT_EQ(co_await ends.frame(), "aa:ping");
        const std::vector<std::string> parts = {"a", "b"};
        co_await ends.ours.send(parts);
        EXPECT_EQ(co_await ends.frame(), "21:this.a");
        EXPECT_EQ(co_await ends.frame(), "a0:this.b");
        const auto latency = ends.ours.ping("late");
        EXPECT_EQ(co_await ends.frame(), "a9:late");
        send(0xaa, "late");
        co_await latency;
        auto closing = create_task(ends.ours.close(1000, "bye"));
        EXPECT_EQ(co_await ends.frame(),
                  "a8:\x03\xe8"
                  "bye");
        send(0xa8, "\x03\xe8");
        ends.raw.writer().close();
        co_await closing;
        EXPECT_EQ(ends.ours.close_code(), 1000);
    };
    co_await as_client_of("x-rsv2, x-op; op=this", false, body);
    co_await as_server_of("x-rsv2, x-op; op=this", false, body);
}

// websockets: test_connection.test_unexpected_failure_in_send_context
ASYNC_TEST(WSExtension, that_fails_ends_its_connection) {
    const struct {
        unsigned first;
        const char* data;
        unsigned code;
    } cases[] = {
        {0x81, "that.1", 1002}, {0x81, "throw", 1011},  {0x81, "more", 1009},   {0x81, "not utf-8", 1007},
        {0x91, "this.1", 1002}, {0xc1, "this.1", 1002}, {0xa9, "this.1", 1002},
    };
    for (const auto& each : cases) {
        const EndsBody body = [&](Ends ends) -> Coro<> {
            std::string bytes(1, static_cast<char>(each.first));
            const std::string_view data = each.data;
            bytes += static_cast<char>(data.size());
            ends.raw.bytes(bytes.append(data));
            const std::string frame = co_await ends.frame();
            const unsigned code = static_cast<unsigned char>(frame[3]) * 256u + static_cast<unsigned char>(frame[4]);
            EXPECT_EQ(code, each.code) << each.first << " " << each.data;
            ends.raw.writer().close();
            co_await expect_throws<ws::ConnectionClosedError>(ends.ours.recv());
        };
        co_await as_client_of("x-op; op=this", false, body);
    }
    const EndsBody sends = [](Ends ends) -> Coro<> {
        EXPECT_EQ(co_await expect_throws<std::runtime_error>(send_text(ends.ours, "throw")), "an extension's bug");
        EXPECT_EQ(co_await ends.frame(), "88:\x03\xf3");
        ends.raw.writer().close();
        co_await expect_throws<ws::ConnectionClosedError>(ends.ours.recv());
    };
    co_await as_client_of("x-op; op=this", false, sends);
}

// Together with permessage-deflate, which is the last: what extensions see is not compressed.
ASYNC_TEST(WSExtension, is_not_disturbed_by_compression) {
    Future<ws::Connection> arrived;
    const auto handler = [&](ws::Connection& connection) -> Coro<> {
        arrived.set_result(connection);
        co_await echo_all(connection);
    };
    ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0, options_with(true, 0))
                            .extension(std::make_shared<TakeRsv2>())
                            .extension(std::make_shared<TakeOp>("that"));
    ws::Connection client = co_await with_all(ws::connect(server.url(), options_with(true, 0)));
    EXPECT_THAT(extensions_in(client.response().headers),
                testing::StartsWith("x-rsv2, x-op; op=that, permessage-deflate"));
    EXPECT_TRUE(client.compressed());
    const std::string large(100'000, 'x');
    for (const std::string& text : list(std::string("short"), large, std::string())) {
        co_await client.send(text);
        EXPECT_EQ((co_await client.recv()).text(), text);
        co_await client.send(text, {.compress = false});
        EXPECT_EQ((co_await client.recv()).text(), text);
    }
    const std::vector<std::string> parts = {large, "", "end"};
    co_await client.send(parts);
    EXPECT_EQ((co_await client.recv()).text(), large + "end");
    co_await client.close();
    server.close();
    co_await server.wait_closed();
}

// websockets: test_connection.test_broadcast_skips_connection_failing_to_send
ASYNC_TEST(WSExtension, that_fails_with_a_broadcast_does_not_keep_it_from_others) {
    const EndsBody both = [](Ends failing) -> Coro<> {
        const EndsBody others = [&](Ends other) -> Coro<> {
            const std::vector<ws::Connection> all = {failing.ours, other.ours};
            EXPECT_EQ(ws::broadcast(all, "throw"), 1u);
            EXPECT_EQ(co_await other.frame(), "81:throw");
            EXPECT_EQ(co_await failing.frame(), "88:\x03\xf3");
            failing.raw.writer().close();
            co_await failing.ours.wait_closed();
        };
        co_await as_client_of("", false, others);
    };
    co_await as_client_of("x-op; op=this", false, both);
}

// What decode() is told that it may return, as it comes.
class Room final : public ws::Extension {
public:
    explicit Room(std::vector<std::uint64_t>& all) : all_(all) {}
    std::string_view name() const noexcept override { return "x-room"; }
    void encode(ws::Frame&) override {}
    void decode(ws::Frame&, std::uint64_t max_size) override { all_.push_back(max_size); }

private:
    std::vector<std::uint64_t>& all_;
};

// Extremes: ws::Extension::decode(max_size)
TEST(WSExtension, is_told_how_much_it_may_return) {
    constexpr std::uint64_t kAll = UINT64_MAX;
    const struct {
        http::wire::WSLimits limits;
        std::vector<std::uint64_t> told;  // of a frame of a byte, and the empty one behind it
    } cases[] = {
        {{0, 0, false}, {kAll, kAll}}, {{1, 0, false}, {1, 0}},          {{3, 2, false}, {2, 2}},
        {{0, 1, true}, {1, 1}},        {{kAll, 0, false}, {kAll, kAll}}, {{2, 0, true}, {2, 1}},
    };
    for (const auto& each : cases) {
        std::vector<std::uint64_t> told;
        ws::detail::Extensions extensions;
        extensions.push_back(std::make_unique<Room>(told));
        const auto coder = ws::detail::coder_of(std::move(extensions));
        http::wire::WSReader reader(false, each.limits, nullptr);
        reader.set_coder(coder.get());
        std::string bytes;
        http::wire::append_ws_frame(bytes, WSOpcode::binary, false, "a", nullptr, false);
        http::wire::append_ws_frame(bytes, WSOpcode::continuation, false, "", nullptr, true);
        std::string_view input = bytes;
        while (reader.read(input)) {}
        EXPECT_EQ(told, each.told) << each.limits.message << " " << each.limits.fragment;
    }
    EXPECT_EQ(ws::detail::coder_of({}), nullptr);
}

}  // namespace aio::test
