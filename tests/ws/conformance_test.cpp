// The case groups of the Autobahn test suite, for both roles, with bytes that come whole and one by one: framing, pings, reserved
// bits, opcodes, fragmentation, UTF-8, closing, limits, compression. Our end echoes; the peer's bytes are written here.
#include "http/wire/ws_deflate.hpp"
#include "ws/pair.hpp"

#include <algorithm>

namespace aio::test {
namespace {

using namespace std::string_literals;

// One frame: its first byte, its payload. A length of 7 bits; larger ones are append_ws_frame's.
std::string frame(unsigned first, std::string_view payload, bool masked, bool wrong_mask = false) {
    std::string bytes;
    const http::wire::WSMask mask = {'\x12', '\x34', '\xab', '\xcd'};
    http::wire::append_ws_frame(bytes, WSOpcode::text, false, payload, masked != wrong_mask ? &mask : nullptr);
    bytes[0] = static_cast<char>(first);
    return bytes;
}

struct Frame {
    unsigned first;
    std::string payload;
};

constexpr unsigned kText = 0x81, kBinary = 0x82, kClose = 0x88, kPing = 0x89, kPong = 0x8a, kMore = 0x80;

// What our end answered: "t:Hello b:.. p:.. c:1000".
struct Role {
    bool server;  // ours
    bool whole;   // else byte by byte
    ws::Options options = {};
    std::string headers = {};  // of the raw side, for compression
};

std::string summary(const WSEvent& event) {
    const std::string shown =
        event.data.size() <= 20 ? event.data : std::to_string(event.data.size()) + "*" + event.data[0];
    switch (event.opcode) {
        case WSOpcode::text: return "t:" + shown;
        case WSOpcode::binary: return "b:" + shown;
        case WSOpcode::ping: return "ping:" + shown;
        case WSOpcode::pong: return "p:" + shown;
        default: return "c:" + std::to_string(event.close_code) + event.data;
    }
}

Coro<std::string> talk(RawEnd& end, std::string bytes, bool whole) {
    if (whole) {
        end.bytes(bytes);
    } else {
        for (const char byte : bytes) {
            end.bytes({&byte, 1});
            co_await sleep(Duration(0));
        }
    }
    std::string all;
    try {
        while (auto event = co_await end.next()) {
            if (!all.empty()) all += ' ';
            all += summary(*event);
            if (event->opcode == WSOpcode::close) break;
        }
    } catch (const OSError&) {
        all += " reset";
    }
    co_return all;
}

// What our end answers to these bytes, up to its close frame.
Coro<std::string> answer_to_bytes(Role role, std::string bytes) {
    ws::Options options = role.options;
    options.ping_interval.reset();
    if (role.headers.empty()) options.deflate.enabled = false;
    std::string answer;
    if (role.server) {
        ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0, options);
        const auto end = co_await raw_client(server.port(), role.headers);
        answer = co_await talk(*end, std::move(bytes), role.whole);
        end->writer().close();
        server.close();
        co_await server.wait_closed();
    } else {
        const auto host = co_await RawHost::open(
            [&](RawEnd& end) -> Coro<> { answer = co_await talk(end, std::move(bytes), role.whole); }, role.headers);
        ws::Connection client = co_await ws::connect(host->url(), options);
        try {
            co_await echo_all(client);
        } catch (const ws::ConnectionClosedError&) {}
        co_await client.close();
        co_await host->close();
    }
    co_return answer;
}

Coro<std::string> answer_to(Role role, std::vector<Frame> frames) {
    std::string bytes;
    for (const Frame& one : frames) bytes += frame(one.first, one.payload, role.server);
    co_return co_await answer_to_bytes(role, std::move(bytes));
}

struct Case {
    std::vector<Frame> frames;
    std::string answer;
};

bool closes(const Case& one) {
    return std::any_of(one.frames.begin(), one.frames.end(), [](const Frame& f) { return f.first == kClose; });
}

// Each case in both roles, whole and byte by byte. A close frame with 1000 follows, unless it has one.
Coro<> check(std::vector<Case> cases, ws::Options options = {}) {
    for (const bool server : {true, false}) {
        for (const bool whole : {true, false}) {
            if (!whole && rerunning()) continue;
            for (std::size_t i = 0; i < cases.size(); ++i) {
                std::vector<Frame> frames = cases[i].frames;
                if (!closes(cases[i])) frames.push_back({kClose, "\x03\xe8"});
                const Role role{server, whole, options};
                const std::string answer = co_await answer_to(role, std::move(frames));
                EXPECT_EQ(answer, cases[i].answer)
                    << "case " << i << (server ? ", our server" : ", our client") << (whole ? "" : ", byte by byte");
            }
        }
    }
}

// websockets: test_protocol.test_client_receives_text, test_protocol.test_server_receives_text
// websockets: test_protocol.test_client_receives_binary, test_protocol.test_server_receives_binary
// websockets: test_protocol.test_client_sends_text, test_protocol.test_server_sends_text
// websockets: test_protocol.test_client_sends_binary, test_protocol.test_server_sends_binary
// websockets: test_protocol.test_client_sends_masked_frame, test_protocol.test_server_sends_unmasked_frame
// websockets: test_protocol.test_client_receives_unmasked_frame, test_protocol.test_server_receives_masked_frame
// websockets: test_protocol.test_client_receives_masked_frame, test_protocol.test_server_receives_unmasked_frame
// websockets: test_frames.test_text_unmasked, test_frames.test_text_masked, test_frames.test_binary_unmasked
// websockets: test_frames.test_binary_masked, test_frames.test_long, test_frames.test_very_long, test_frames.test_mask_flag
ASYNC_TEST(WSConformance, framing, kOnce) {  // Autobahn 1.*
    std::vector<Case> small;
    for (const std::size_t size : {0, 1, 20}) {
        small.push_back({{{kText, std::string(size, 't')}}, "t:" + std::string(size, 't') + " c:1000"});
        small.push_back({{{kBinary, std::string(size, '\xfe')}}, "b:" + std::string(size, '\xfe') + " c:1000"});
    }
    co_await check(small);
    for (const bool server : {true, false}) {
        const Role role{server, true};
        for (const std::size_t size : {125, 126, 127, 128, 65535, 65536}) {
            std::string bytes = frame(kText, std::string(size, '*'), server) + frame(kClose, "\x03\xe8", server);
            EXPECT_EQ(co_await answer_to_bytes(role, bytes), "t:" + std::to_string(size) + "** c:1000");
        }
        const std::string wrong = frame(kText, "masked as it must not be", server, true);
        EXPECT_EQ(co_await answer_to_bytes(role, wrong), "c:1002");
        // A length in more bytes than it needs.
        const std::string longer = server ? "\x81\xfe\x00\x01\x00\x00\x00\x00x"s : "\x81\x7e\x00\x01x"s;
        EXPECT_EQ(co_await answer_to_bytes(role, longer), "c:1002");
    }
}

// websockets: test_protocol.test_client_receives_ping, test_protocol.test_server_receives_ping
// websockets: test_protocol.test_client_receives_ping_with_data, test_protocol.test_server_receives_ping_with_data
// websockets: test_protocol.test_client_receives_pong, test_protocol.test_server_receives_pong
// websockets: test_protocol.test_client_receives_pong_with_data, test_protocol.test_server_receives_pong_with_data
// websockets: test_protocol.test_client_receives_fragmented_ping_frame
// websockets: test_protocol.test_server_receives_fragmented_ping_frame
// websockets: test_protocol.test_client_receives_fragmented_pong_frame
// websockets: test_protocol.test_server_receives_fragmented_pong_frame
// websockets: test_frames.test_ping, test_frames.test_pong, test_frames.test_control_frame_max_length
// websockets: test_frames.test_fragmented_control_frame
ASYNC_TEST(WSConformance, pings, kOnce) {  // Autobahn 2.*, 5.1, 5.2
    const std::vector<Case> cases = {{{{kPing, ""}}, "p: c:1000"},
                                     {{{kPing, "Hello"}}, "p:Hello c:1000"},
                                     {{{kPing, "\0\xff\xfe\xfd"s}}, "p:\0\xff\xfe\xfd c:1000"s},
                                     {{{kPing, std::string(125, '*')}}, "p:125** c:1000"},
                                     {{{kPing, std::string(126, '*')}}, "c:1002"},
                                     {{{kPong, ""}, {kPong, "unasked"}}, "c:1000"},
                                     {{{kPong, "unasked"}, {kPing, "x"}}, "p:x c:1000"},
                                     {{{kPing, "1"}, {kPing, "2"}, {kPing, "3"}}, "p:1 p:2 p:3 c:1000"},
                                     {{{0x09, "in pieces"}}, "c:1002"},
                                     {{{0x0a, "in pieces"}}, "c:1002"}};
    co_await check(cases);
}

// websockets: test_frames.test_bad_reserved_bits, test_frames.test_bad_opcode, test_frames.test_good_opcode
// websockets: test_protocol.test_client_stops_processing_frames_after_fail
// websockets: test_protocol.test_server_stops_processing_frames_after_fail
ASYNC_TEST(WSConformance, reserved_bits_and_opcodes, kOnce) {  // Autobahn 3.*, 4.*
    std::vector<Case> cases;
    for (const unsigned bits : {0x40u, 0x20u, 0x10u, 0x60u, 0x70u}) {
        for (const unsigned first : {kText, kBinary, kPing, kClose})
            cases.push_back({{{first | bits, "x"}}, "c:1002"});
    }
    for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
        cases.push_back({{{0x80 | opcode, ""}, {kPing, "not answered"}}, "c:1002"});
        cases.push_back({{{kText, "before"}, {0x80 | opcode, "payload"}}, "t:before c:1002"});
    }
    co_await check(cases);
}

// websockets: test_protocol.test_client_receives_fragmented_text, test_protocol.test_server_receives_fragmented_text
// websockets: test_protocol.test_client_receives_fragmented_binary, test_protocol.test_server_receives_fragmented_binary
// websockets: test_protocol.test_client_receives_unexpected_continuation
// websockets: test_protocol.test_server_receives_unexpected_continuation
// websockets: test_protocol.test_client_receives_unexpected_text, test_protocol.test_server_receives_unexpected_text
// websockets: test_protocol.test_client_receives_unexpected_binary
// websockets: test_protocol.test_server_receives_unexpected_binary
// websockets: test_protocol.test_client_receive_ping_pong_in_fragmented_message
// websockets: test_protocol.test_server_receive_ping_pong_in_fragmented_message
// websockets: test_protocol.test_client_receive_close_in_fragmented_message
// websockets: test_protocol.test_server_receive_close_in_fragmented_message
// websockets: test_frames.test_cont_text, test_frames.test_cont_binary, test_frames.test_cont_final_text
// websockets: test_frames.test_cont_final_binary, test_frames.test_cont_text_fragmented
ASYNC_TEST(WSConformance, fragmentation, kOnce) {  // Autobahn 5.*
    const std::vector<Case> cases = {
        {{{1, "one "}, {kMore, "two"}}, "t:one two c:1000"},
        {{{2, "a"}, {0, "b"}, {0, ""}, {kMore, "c"}}, "b:abc c:1000"},
        {{{1, ""}, {0, ""}, {kMore, ""}}, "t: c:1000"},
        {{{1, "a"}, {kPing, "between"}, {kMore, "b"}}, "p:between t:ab c:1000"},
        {{{1, "a"}, {kPing, "1"}, {0, "b"}, {kPong, "?"}, {kPing, "2"}, {kMore, "c"}}, "p:1 p:2 t:abc c:1000"},
        {{{kMore, "no message"}}, "c:1002"},
        {{{0, "no message"}}, "c:1002"},
        {{{1, "a"}, {kMore, "b"}, {kMore, "c"}}, "t:ab c:1002"},
        {{{1, "a"}, {kText, "another"}}, "c:1002"},
        {{{2, "a"}, {kBinary, "another"}}, "c:1002"},
        {{{1, "a"}, {kClose, "\x03\xe8"}}, "c:1000"},
        {{{1, "a"}, {kMore, "b"}, {2, "c"}, {kMore, "d"}}, "t:ab b:cd c:1000"}};
    co_await check(cases);
}

// websockets: test_protocol.test_client_receives_close_with_non_utf8_reason
// websockets: test_protocol.test_server_receives_close_with_non_utf8_reason
// websockets: test_frames.test_is_utf8_fragment_true, test_frames.test_is_utf8_fragment_false
// websockets: test_frames.test_cont_text_truncated, test_frames.test_text_truncated
ASYNC_TEST(WSConformance, utf8, kOnce) {  // Autobahn 6.*
    const std::string greek = "\xce\xba\xe1\xbd\xb9\xcf\x83";
    const std::vector<Case> cases = {
        {{{kText, greek}}, "t:" + greek + " c:1000"},
        {{{1, greek.substr(0, 3)}, {kMore, greek.substr(3)}}, "t:" + greek + " c:1000"},
        {{{1, greek.substr(0, 1)}, {0, greek.substr(1, 2)}, {kMore, greek.substr(3)}}, "t:" + greek + " c:1000"},
        {{{kText, "\xf4\x8f\xbf\xbf"}}, "t:\xf4\x8f\xbf\xbf c:1000"},
        {{{kText, "\xf4\x90\x80\x80"}}, "c:1007"},  // beyond U+10FFFF
        {{{kText, "\xed\xa0\x80"}}, "c:1007"},      // a surrogate
        {{{kText, "\xc0\xaf"}}, "c:1007"},          // too long
        {{{kText, "\xe1\xbd"}}, "c:1007"},          // cut
        {{{1, "\xe1"}, {kMore, ""}}, "c:1007"},
        {{{1, "good "}, {0, "\xff"}, {kMore, "never looked at"}}, "c:1007"},
        {{{kClose, "\x03\xe8\xff"}}, "c:1007"},
        {{{kBinary, "\xff\xfe"}}, "b:\xff\xfe c:1000"}};
    co_await check(cases);
}

// websockets: test_protocol.test_client_receives_close, test_protocol.test_server_receives_close
// websockets: test_protocol.test_client_receives_close_then_sends_close
// websockets: test_protocol.test_server_receives_close_then_sends_close
// websockets: test_protocol.test_client_receives_close_with_code, test_protocol.test_server_receives_close_with_code
// websockets: test_protocol.test_client_receives_close_with_code_and_reason
// websockets: test_protocol.test_server_receives_close_with_code_and_reason
// websockets: test_protocol.test_client_receives_close_with_truncated_code
// websockets: test_protocol.test_server_receives_close_with_truncated_code
// websockets: test_protocol.test_client_receives_text_after_receiving_close
// websockets: test_protocol.test_server_receives_text_after_receiving_close
// websockets: test_protocol.test_client_receives_binary_after_receiving_close
// websockets: test_protocol.test_server_receives_binary_after_receiving_close
// websockets: test_protocol.test_client_receives_ping_after_receiving_close
// websockets: test_protocol.test_server_receives_ping_after_receiving_close
// websockets: test_frames.test_close, test_frames.test_close_reason, test_frames.test_close_invalid
ASYNC_TEST(WSConformance, closing, kOnce) {  // Autobahn 7.*
    const auto close = [](unsigned code, const std::string& reason = "") {
        return Frame{kClose, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 255)} + reason};
    };
    std::vector<Case> cases = {{{{kClose, ""}}, "c:1005"},
                               {{close(1000, "bye")}, "c:1000bye"},
                               {{close(1000, std::string(123, '*'))}, "c:1000" + std::string(123, '*')},
                               {{{kClose, "\x03"}}, "c:1002"},
                               {{{kClose, std::string(126, '\x03')}}, "c:1002"},
                               {{{kText, "before"}, close(4000)}, "t:before c:4000"}};
    for (const unsigned good : {1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1014u, 3000u, 3999u, 4999u}) {
        cases.push_back({{close(good)}, "c:" + std::to_string(good)});
    }
    for (const unsigned bad : {0u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u}) {
        cases.push_back({{close(bad)}, "c:1002"});
    }
    co_await check(cases);
    // What comes behind a close frame is not looked at.
    std::vector<Frame> late = {close(1000), {kPing, "late"}, {kText, "late"}, {kBinary, "late"}, close(1001)};
    for (const bool server : {true, false}) {
        const Role role{server, true};
        EXPECT_EQ(co_await answer_to(role, late), "c:1000");
    }
}

// websockets: test_protocol.test_server_receives_text_over_size_limit
// websockets: test_protocol.test_client_receives_binary_over_size_limit
// websockets: test_protocol.test_server_receives_binary_over_size_limit
// websockets: test_protocol.test_client_receives_fragmented_text_over_message_size_limit
// websockets: test_protocol.test_client_receives_fragmented_text_over_fragment_size_limit
// websockets: test_protocol.test_client_receives_fragmented_binary_over_size_limit
// websockets: test_protocol.test_server_receives_fragmented_binary_over_size_limit
// websockets: test_frames.test_payload_too_big
ASYNC_TEST(WSConformance, limits, kOnce) {  // Autobahn 9.*
    ws::Options options;
    options.max_size = 10;
    options.max_fragment_size = 8;
    const std::vector<Case> cases = {{{{kText, "12345678"}}, "t:12345678 c:1000"},
                                     {{{kText, "123456789"}}, "c:1009"},
                                     {{{1, "12345678"}, {kMore, "90"}}, "t:1234567890 c:1000"},
                                     {{{2, "12345678"}, {kMore, "901"}}, "c:1009"},
                                     {{{1, "1"}, {0, "2"}, {0, "345678901"}}, "c:1009"}};
    co_await check(cases, options);
}

// websockets: test_permessage_deflate.test_encode_decode_text_frame
// websockets: test_permessage_deflate.test_encode_decode_binary_frame
// websockets: test_permessage_deflate.test_encode_decode_fragmented_text_frame
// websockets: test_permessage_deflate.test_encode_decode_fragmented_binary_frame
// websockets: test_permessage_deflate.test_rsv1_on_continuation_frame
// websockets: test_permessage_deflate.test_no_encode_decode_ping_frame
// websockets: test_permessage_deflate.test_no_decode_text_frame, test_permessage_deflate.test_no_decode_binary_frame
ASYNC_TEST(WSConformance, compression, kOnce) {  // Autobahn 12.*, 13.*
    const std::string text = "again and again and again and again, " + std::string(100, 'a');
    for (const bool server : {true, false}) {
        for (const bool whole : {true, false}) {
            http::wire::WSDeflater deflater(12, true);
            std::string packed, first, rest;
            deflater.deflate(text, packed);
            http::wire::WSDeflater again(12, true);
            again.deflate_part(text.substr(0, 50), false, first);
            again.deflate_part(text.substr(50), true, rest);
            ws::Options options;
            options.deflate.server_max_window_bits.reset();
            options.deflate.client_max_window_bits.reset();
            options.max_size = 1000;
            const Role role{server, whole, options, "Sec-WebSocket-Extensions: permessage-deflate\r\n"};
            const auto bytes = [&](std::vector<Frame> frames) {
                std::string all;
                for (const Frame& one : frames) all += frame(one.first, one.payload, server);
                return all;
            };
            const auto answer = [&](std::vector<Frame> frames) {
                return answer_to_bytes(role, bytes(std::move(frames)));
            };
            constexpr unsigned kCompressed = 0x40;
            std::vector<std::vector<Frame>> good, bad;
            good.push_back({{kPing, "plain"}});
            good.push_back({{kText | kCompressed, packed}, {kText, "not compressed"}});
            good.push_back({{1 | kCompressed, first}, {kPing, "x"}, {kMore, rest}, {kBinary | kCompressed, packed}});
            bad.push_back({{kBinary | kCompressed, "\x07"}});  // a block of a type that there is not
            bad.push_back({{1 | kCompressed, first}, {kMore | kCompressed, rest}});
            bad.push_back({{kPing | kCompressed, "x"}});
            for (std::vector<Frame>& frames : good) frames.push_back({kClose, "\x03\xe8"});
            EXPECT_EQ(co_await answer(good[0]), "p:plain c:1000");
            EXPECT_EQ(co_await answer(good[1]), "t:137*a t:not compressed c:1000");
            EXPECT_EQ(co_await answer(good[2]), "p:x t:137*a b:137*a c:1000");
            for (const std::vector<Frame>& frames : bad) EXPECT_EQ(co_await answer(frames), "c:1002");
            std::string bomb;
            http::wire::WSDeflater(12, true).deflate(std::string(100'000, 'b'), bomb);
            std::vector<Frame> too_large;
            too_large.push_back({kText | kCompressed, bomb});
            EXPECT_EQ(co_await answer(too_large), "c:1009");
        }
    }
}

}  // namespace
}  // namespace aio::test
