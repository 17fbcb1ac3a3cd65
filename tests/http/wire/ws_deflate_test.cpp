// permessage-deflate: what is agreed upon (RFC 7692 section 7.1), and messages there and back.
#include "http/wire/ws_deflate.hpp"

#include "http/body_fixture.hpp"
#include "http/wire/ws_frame.hpp"
#include "http/wire/ws_handshake.hpp"

#include <array>

namespace aio::test {
namespace {

using namespace http::wire;
using namespace std::string_literals;

std::string answer_to(std::string_view offers) {
    const auto answer = answer_ws_deflate(offers);
    return answer ? answer->header : "none";
}

TEST(WSDeflate, answers_the_first_offer_that_can_be_met) {
    EXPECT_EQ(answer_to(""), "none");
    EXPECT_EQ(answer_to("x-webkit-deflate-frame"), "none");
    EXPECT_EQ(answer_to("permessage-deflate"), "permessage-deflate");
    EXPECT_EQ(answer_to("permessage-deflate; client_max_window_bits"), "permessage-deflate");
    EXPECT_EQ(answer_to("permessage-deflate; client_max_window_bits=10; server_max_window_bits=\"11\""),
              "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10");
    EXPECT_EQ(answer_to("foo, permessage-deflate; server_max_window_bits=8, permessage-deflate; "
                        "server_no_context_takeover; client_no_context_takeover"),
              "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    for (const char* bad : {"bogus", "server_max_window_bits", "server_max_window_bits=16",
                            "server_max_window_bits=09", "client_max_window_bits=7", "server_no_context_takeover=1",
                            "server_no_context_takeover; server_no_context_takeover", "client_max_window_bits=x"}) {
        EXPECT_EQ(answer_to("permessage-deflate; "s + bad), "none") << bad;
    }
}

// websockets: test_permessage_deflate.test_process_request_params
TEST(WSDeflate, a_server_limits_windows_and_the_clients_only_if_it_may) {
    const auto limited_to = [](int bits, std::string_view offers) { return answer_ws_deflate(offers, bits)->header; };
    EXPECT_EQ(limited_to(10, "permessage-deflate"), "permessage-deflate; server_max_window_bits=10");
    EXPECT_EQ(limited_to(10, "permessage-deflate; client_max_window_bits"),
              "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10");
    EXPECT_EQ(limited_to(10, "permessage-deflate; client_max_window_bits=9; server_max_window_bits=12"),
              "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9");
    const WSDeflate agreed = answer_ws_deflate("permessage-deflate; client_max_window_bits", 11)->agreed;
    EXPECT_EQ(agreed.server_bits, 11);
    EXPECT_EQ(agreed.client_bits, 11);
}

// websockets: test_permessage_deflate.test_get_request_params, test_permessage_deflate.test_process_response_params
TEST(WSDeflate, accepts_only_what_was_offered) {
    EXPECT_EQ(ws_deflate_offer(15), "permessage-deflate; client_max_window_bits");
    EXPECT_EQ(ws_deflate_offer(10), "permessage-deflate; server_max_window_bits=10; client_max_window_bits");
    EXPECT_FALSE(parse_ws_deflate("", 15));
    EXPECT_EQ(*parse_ws_deflate("permessage-deflate", 15), WSDeflate{});
    const auto small = parse_ws_deflate(
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10; "
        "server_no_context_takeover",
        15);
    EXPECT_EQ(small->client_bits, 9);
    EXPECT_EQ(small->server_bits, 10);
    EXPECT_TRUE(small->server_no_context);
    EXPECT_FALSE(small->client_no_context);
    for (const char* bad :
         {"foo", "permessage-deflate, permessage-deflate", "permessage-deflate; client_max_window_bits",
          "permessage-deflate; client_max_window_bits=8", "permessage-deflate; what"}) {
        EXPECT_THROW(parse_ws_deflate(bad, 15), ValueError) << bad;
    }
    EXPECT_THROW(parse_ws_deflate("permessage-deflate", 10), ValueError) << "the server's window would be larger";
}

// Text and noise, of many sizes.
std::vector<std::string> messages() {
    std::vector<std::string> all = {"", "Hello", "Hello", "", std::string(100'000, 'a')};
    std::string noise;
    unsigned state = 1;
    for (int i = 0; i < 50'000; ++i) noise += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    all.push_back(noise);
    all.push_back(noise);
    all.push_back("");
    return all;
}

TEST(WSDeflate, messages_there_and_back) {
    for (const int bits : {9, 12, 15}) {
        for (const bool no_context : {false, true}) {
            WSDeflater packer(bits, no_context);
            for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, std::string::npos}) {
                WSDeflater again(bits, no_context);
                WSInflater unpacker(bits, no_context);
                for (const std::string& message : messages()) {
                    std::string packed, text;
                    again.deflate(message, packed);
                    for (std::string_view rest = packed; !rest.empty();) {
                        EXPECT_TRUE(unpacker.inflate(rest.substr(0, piece), text));
                        rest.remove_prefix(std::min(piece, rest.size()));
                    }
                    EXPECT_TRUE(unpacker.finish_message(text));
                    EXPECT_EQ(text, message);
                }
            }
        }
    }
}

TEST(WSDeflate, reads_the_examples_of_the_rfc) {  // RFC 7692 section 7.2.3
    WSInflater inflater(15, false);
    std::string text;
    EXPECT_TRUE(inflater.inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"s, text));
    EXPECT_TRUE(inflater.finish_message(text));
    EXPECT_EQ(std::exchange(text, ""), "Hello");
    EXPECT_TRUE(inflater.inflate("\xf2\x00\x11\x00\x00"s, text)) << "of the window before";
    EXPECT_TRUE(inflater.finish_message(text));
    EXPECT_EQ(std::exchange(text, ""), "Hello");
    WSInflater fresh(15, false);
    EXPECT_TRUE(fresh.inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s, text)) << "with a last block";
    EXPECT_TRUE(fresh.finish_message(text));
    EXPECT_EQ(text, "Hello");
}

TEST(WSDeflate, a_bomb_ends_at_the_limit) {
    WSDeflater packer(15, false);
    std::string packed;
    packer.deflate(std::string(50'000'000, '\0'), packed);
    EXPECT_LT(packed.size(), 60'000u);
    WSInflater unpacker(15, false);
    std::string text;
    EXPECT_FALSE(unpacker.inflate(packed, text, 4096));
    EXPECT_EQ(text.size(), 4097u);
    EXPECT_LT(text.capacity(), 20'000u);
}

// websockets: test_permessage_deflate.test_decompress_max_size_off_by_one
TEST(WSDeflate, the_limit_counts_what_was_unpacked) {
    for (const std::size_t size : {99, 100, 101}) {
        WSDeflater packer(15, false);
        std::string packed, frame;
        packer.deflate(std::string(size, 'x'), packed);
        append_ws_frame(frame, WSOpcode::text, true, packed, nullptr);
        WSReader reader(false, 100, std::make_unique<WSInflater>(15, false));
        std::string_view rest = frame;
        if (size <= 100) {
            EXPECT_EQ(reader.read(rest)->data.size(), size);
        } else {
            EXPECT_THROW(reader.read(rest), WSProtocolError);
        }
    }
}

TEST(WSDeflate, what_is_not_packed_right_is_refused) {
    WSInflater inflater(15, false);
    std::string text;
    EXPECT_THROW(inflater.inflate("\x07garbage", text), WSProtocolError);
    WSReader reader(false, 0, std::make_unique<WSInflater>(15, false));
    std::string_view ping("\xc9\x00", 2), more("\x01\x01z\xc0\x00", 5);
    EXPECT_THROW(reader.read(ping), WSProtocolError) << "a packed ping";
    WSReader other(false, 0, std::make_unique<WSInflater>(15, false));
    EXPECT_THROW(other.read(more), WSProtocolError) << "a continuation that is marked";
}

TEST(WSHandshake, shows_that_the_key_was_read) {
    EXPECT_EQ(ws_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 section 1.3
    EXPECT_TRUE(is_ws_key(new_ws_key()));
    EXPECT_NE(new_ws_key(), new_ws_key());
    for (const char* bad : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ==x", "dGhlIHNhbXBsZSBub25jZ!=="})
        EXPECT_FALSE(is_ws_key(bad)) << bad;
}

TEST(WSHandshake, the_server_chooses_what_it_likes_best) {
    const std::array<std::string, 2> ours = {"v2", "v1"};
    EXPECT_EQ(choose_ws_protocol("v1, v2", ours), "v2");
    EXPECT_EQ(choose_ws_protocol("v0,v1", ours), "v1");
    EXPECT_EQ(choose_ws_protocol("V2", ours), std::nullopt);
    EXPECT_EQ(choose_ws_protocol("", ours), std::nullopt);
}

}  // namespace
}  // namespace aio::test
