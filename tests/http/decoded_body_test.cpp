// Bodies in another coding than they come in.
#include "http/decoded_body.hpp"

#include "http/body_fixture.hpp"

namespace aio::test {
namespace {

using http::detail::decoded_body;
using http::detail::DecodedBody;
using http::detail::EncodedBody;
using http::wire::Coding;
using http::wire::CodingError;

Coro<std::string> packed(std::string text, Coding coding) {
    Chopped plain(std::move(text), 1000);
    EncodedBody body(plain, coding);
    co_return co_await all_of(body);
}

ASYNC_TEST(DecodedBody, gives_what_was_encoded) {
    const std::string text = prose(100'000);
    for (const Coding coding : {Coding::identity, Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd}) {
        const std::string sent = co_await packed(text, coding);
        for (const std::size_t size : {std::size_t(7), std::size_t(100'000)}) {
            Chopped pieces(sent, size, true);
            DecodedBody body(pieces, coding);
            EXPECT_EQ(co_await all_of(body), text);
            EXPECT_EQ(co_await body.next_piece(), "");
        }
    }
}

ASYNC_TEST(DecodedBody, several_codings_are_undone_from_the_last) {
    const std::string text = prose(5000);
    const std::string inner = co_await packed(text, Coding::brotli);
    const std::string outer = co_await packed(inner, Coding::gzip);
    Chopped pieces(outer, 100);
    auto body = decoded_body(pieces, "br, gzip");
    EXPECT_EQ(co_await all_of(*body), text);
    EXPECT_EQ(decoded_body(pieces, "identity"), nullptr);
    EXPECT_EQ(decoded_body(pieces, ""), nullptr);
    EXPECT_THROW(decoded_body(pieces, "gzip, sdch"), CodingError);
}

ASYNC_TEST(DecodedBody, a_body_that_is_cut_short_is_told_every_time) {
    std::string sent = co_await packed(prose(5000), Coding::gzip);
    sent.pop_back();
    Chopped pieces(sent, 100);
    DecodedBody body(pieces, Coding::gzip);
    co_await expect_throws<CodingError>(all_of(body));
    co_await expect_throws<CodingError>(all_of(body));
}

ASYNC_TEST(DecodedBody, a_bomb_does_not_pass_read) {
    const std::string sent = co_await packed(std::string(4 << 20, 'x'), Coding::zstd);
    Chopped pieces(sent, 64);
    DecodedBody body(pieces, Coding::zstd);
    http::BodyReader reader(&body);
    co_await expect_throws<CodingError>(reader.read());
}

ASYNC_TEST(EncodedBody, flushed_pieces_can_be_unpacked_at_once) {
    Chopped events("event 1\nevent 2\nevent 3\n", 8);
    EncodedBody body(events, Coding::gzip, -1, true);
    http::wire::Decoder decoder(Coding::gzip);
    for (int i = 1; i <= 3; ++i) {
        std::string_view piece = co_await body.next_piece();
        EXPECT_EQ(decoder.decode(piece), "event " + std::to_string(i) + "\n");
    }
}

ASYNC_TEST(EncodedBody, an_empty_body_is_a_whole_one) {
    Chopped nothing("");
    EncodedBody body(nothing, Coding::gzip);
    const std::string sent = co_await all_of(body);
    EXPECT_GT(sent.size(), 10u);
    Chopped pieces(sent);
    DecodedBody back(pieces, Coding::gzip);
    EXPECT_EQ(co_await all_of(back), "");
}

}  // namespace
}  // namespace aio::test
