// Extensions: their offers and answers in both handshakes. What they do with frames: extension_frames_test.cpp.
#include "ws/two_extensions.hpp"

#include "ws/extensions.hpp"

#include <memory>

namespace aio::test {

using testing::HasSubstr;

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

}  // namespace aio::test
