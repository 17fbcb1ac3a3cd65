#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/future.hpp>
#include <aio/core/task.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/errors.hpp>
#include <aio/http/headers.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <random>

namespace aio::test {
namespace {

using http::BodyReader;

// Gives these pieces, one each pass of the loop, in memory that is gone with the next call.
class Pieces final : public http::detail::BodySource {
public:
    explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

    Coro<std::string_view> next_piece() override {
        ++calls;
        present_.reset();
        co_await run_passes(1);
        if (next_ == pieces_.size()) {
            if (fails_at_end) throw http::ClientPayloadError("cut short");
            co_return std::string_view();
        }
        present_ = std::make_unique<std::string>(pieces_[next_++]);
        co_return *present_;
    }
    bool piece_ends_chunk() const noexcept override { return present_ && present_->ends_with('.'); }

    bool fails_at_end = false;
    int calls = 0;

private:
    std::vector<std::string> pieces_;
    std::unique_ptr<std::string> present_;
    std::size_t next_ = 0;
};

Pieces& keep_pieces(std::vector<std::string> pieces) { return keep<Pieces>(std::move(pieces)); }

ASYNC_TEST(BodyReader, without_a_source_is_empty) {
    BodyReader body;
    EXPECT_TRUE(body.at_eof());
    EXPECT_EQ(co_await body.read(), "");
    EXPECT_EQ(co_await body.read(5), "");
    EXPECT_EQ(co_await body.readany(), "");
    EXPECT_EQ(co_await body.readline(), "");
    EXPECT_EQ(body.trailers(), nullptr);
}

ASYNC_TEST(BodyReader, reads_all) {
    BodyReader body(&keep_pieces({"one ", "two ", "three"}));
    EXPECT_FALSE(body.at_eof());
    EXPECT_EQ(co_await body.read(), "one two three");
    EXPECT_TRUE(body.at_eof());
    EXPECT_EQ(body.total_bytes(), 13u);
    EXPECT_EQ(co_await body.read(), "");
}

ASYNC_TEST(BodyReader, reads_at_most_a_size_and_at_least_a_byte) {
    BodyReader body(&keep_pieces({"abc", "defgh"}));
    EXPECT_EQ(co_await body.read(0), "");
    EXPECT_EQ(co_await body.read(2), "ab");
    EXPECT_EQ(co_await body.read(100), "c");
    EXPECT_EQ(co_await body.read(4), "defg");
    EXPECT_EQ(co_await body.read(4), "h");
    EXPECT_EQ(co_await body.read(4), "");
}

ASYNC_TEST(BodyReader, readany_is_what_is_there) {
    BodyReader body(&keep_pieces({"abc", "de"}));
    EXPECT_EQ(co_await body.readany(), "abc");
    EXPECT_EQ(body.read_nowait(), "");
    EXPECT_EQ(co_await body.read(1), "d");
    EXPECT_EQ(co_await body.readany(), "e");
    EXPECT_EQ(co_await body.readany(), "");
}

ASYNC_TEST(BodyReader, views_are_what_copies_are) {
    BodyReader body(&keep_pieces({"ab\nc", "d\nef", "gh"}));
    EXPECT_EQ(co_await body.readany_view(), "ab\nc");
    EXPECT_EQ(co_await body.readline(), "d\n");
    EXPECT_EQ(co_await body.readany_view(), "ef");
    EXPECT_EQ(co_await body.readexactly(1), "g");
    EXPECT_EQ(co_await body.readany_view(), "h");
    EXPECT_EQ(co_await body.readany_view(), "");
}

ASYNC_TEST(BodyReader, a_view_of_what_was_held_is_whole) {
    BodyReader body(&keep_pieces({"ab", "cd"}));
    EXPECT_EQ(co_await body.read(1), "a");
    EXPECT_EQ(co_await body.readexactly(2), "bc");
    EXPECT_EQ(co_await body.readany_view(), "d");
    EXPECT_EQ(co_await body.readany_view(), "");
}

ASYNC_TEST(BodyReader, reads_exactly) {
    BodyReader body(&keep_pieces({"abc", "def", "gh"}));
    EXPECT_EQ(co_await body.readexactly(5), "abcde");
    EXPECT_EQ(co_await body.readexactly(0), "");
    const std::string message = co_await expect_throws<IncompleteReadError>(body.readexactly(10));
    EXPECT_NE(message.find("3"), std::string::npos) << message;
    EXPECT_TRUE(body.at_eof());
}

ASYNC_TEST(BodyReader, reads_lines) {
    BodyReader body(&keep_pieces({"one\nt", "w", "o\n\nthree"}));
    EXPECT_EQ(co_await body.readline(), "one\n");
    EXPECT_EQ(co_await body.readline(), "two\n");
    EXPECT_EQ(co_await body.readline(), "\n");
    EXPECT_EQ(co_await body.readline(), "three");
    EXPECT_EQ(co_await body.readline(), "");
}

ASYNC_TEST(BodyReader, a_separator_may_be_cut_anywhere) {
    BodyReader body(&keep_pieces({"a-", "-b--", "-", "-c"}));
    EXPECT_EQ(co_await body.readuntil("--"), "a--");
    EXPECT_EQ(co_await body.readuntil("---"), "b---");
    EXPECT_EQ(co_await body.readuntil("--"), "-c");
    co_await expect_throws<ValueError>(body.readuntil(""));
}

ASYNC_TEST(BodyReader, a_line_that_is_too_long_is_refused_and_stays) {
    BodyReader body(&keep_pieces({"123456", "789\nx"}));
    co_await expect_throws<LimitOverrunError>(body.readline(5));
    co_await expect_throws<LimitOverrunError>(body.readline(9));
    EXPECT_EQ(co_await body.readline(10), "123456789\n");
    EXPECT_EQ(co_await body.read(), "x");
}

ASYNC_TEST(BodyReader, iterates_in_pieces_of_a_size) {
    BodyReader body(&keep_pieces({"abcd", "e", "fgh"}));
    auto pieces = body.iter_chunked(3);
    EXPECT_EQ(co_await pieces.next(), "abc");
    EXPECT_EQ(co_await pieces.next(), "def");
    EXPECT_EQ(co_await pieces.next(), "gh");
    EXPECT_EQ(co_await pieces.next(), std::nullopt);
    EXPECT_EQ(co_await pieces.next(), std::nullopt);
}

ASYNC_TEST(BodyReader, iterates_as_pieces_come_and_by_lines) {
    BodyReader body(&keep_pieces({"a\nb", "c\n", "d"}));
    EXPECT_EQ(co_await body.iter_any().next(), "a\nb");
    auto lines = body.lines();
    EXPECT_EQ(co_await lines.next(), "c\n");
    EXPECT_EQ(co_await lines.next(), "d");
    EXPECT_EQ(co_await lines.next(), std::nullopt);
}

ASYNC_TEST(BodyReader, iterates_with_the_ends_of_chunks) {
    BodyReader body(&keep_pieces({"a", "b.", "c."}));
    auto chunks = body.iter_chunks();
    using Chunk = std::pair<std::string, bool>;
    EXPECT_EQ(co_await chunks.next(), Chunk("a", false));
    EXPECT_EQ(co_await chunks.next(), Chunk("b.", true));
    EXPECT_EQ(co_await chunks.next(), Chunk("c.", true));
    EXPECT_EQ(co_await chunks.next(), std::nullopt);
}

ASYNC_TEST(BodyReader, a_cancelled_read_loses_nothing) {
    auto& body = keep<BodyReader>(&keep_pieces({"abc", "def", "ghi"}));
    for (const int passes : {1, 2, 3}) {
        auto task = create_task(body.readexactly(100));
        co_await run_passes(passes);
        task.cancel();
        co_await expect_throws<CancelledError>(task);
    }
    EXPECT_EQ(co_await body.read(), "abcdefghi");
}

ASYNC_TEST(BodyReader, an_error_comes_when_what_is_there_was_read) {
    auto& source = keep_pieces({"abc"});
    source.fails_at_end = true;
    BodyReader body(&source);
    EXPECT_EQ(co_await body.read(2), "ab");
    co_await expect_throws<http::ClientPayloadError>(body.readexactly(2));
    EXPECT_EQ(body.read_nowait(), "c");
    co_await expect_throws<http::ClientPayloadError>(body.read());
}

ASYNC_TEST(BodyReader, has_one_reader_at_a_time) {
    auto& body = keep<BodyReader>(&keep_pieces({"abc", "def"}));
    auto task = create_task(body.readexactly(6));
    co_await run_passes(1);
    co_await expect_throws<RuntimeError>(body.read(1));
    co_await expect_throws<RuntimeError>(body.readany());
    co_await expect_throws<RuntimeError>(body.readline());
    EXPECT_EQ(co_await task, "abcdef");
}

ASYNC_TEST(BodyReader, can_be_moved_with_what_it_holds) {
    BodyReader body(&keep_pieces({"abc", "def"}));
    EXPECT_EQ(co_await body.read(1), "a");
    BodyReader other = std::move(body);
    EXPECT_EQ(co_await other.read(), "bcdef");
    EXPECT_EQ(other.total_bytes(), 6u);
}

ASYNC_TEST(BodyReader, long_bodies_of_lines_need_little_memory) {
    // Lines never end where pieces do: what was read must not be kept.
    std::vector<std::string> pieces(400, std::string(999, 'x') + "\n" + std::string(500, 'y'));
    BodyReader body(&keep_pieces(std::move(pieces)));
    std::size_t total = 0, lines = 0;
    while (true) {
        const std::string line = co_await body.readline();
        if (line.empty()) break;
        EXPECT_LE(line.capacity(), 4096u);
        total += line.size();
        ++lines;
    }
    EXPECT_EQ(total, 400u * 1500);
    EXPECT_EQ(lines, 401u);
}

ASYNC_TEST(BodyReader, every_mixture_of_reads_gives_the_same_bytes) {
    for (unsigned seed = 0; seed < scaled(60); ++seed) {
        std::mt19937 random(seed);
        std::string all;
        std::vector<std::string> pieces;
        for (int i = 0; i < 20; ++i) {
            std::string piece;
            for (std::size_t size = 1 + random() % 30; piece.size() < size;) piece += random() % 9 ? 'a' : '\n';
            all += piece;
            pieces.push_back(std::move(piece));
        }
        BodyReader body(&keep_pieces(std::move(pieces)));
        std::string seen;
        while (seen.size() < all.size()) {
            switch (random() % 6) {
                case 0: seen += co_await body.read(1 + static_cast<std::ptrdiff_t>(random() % 20)); break;
                case 1: seen += co_await body.readany(); break;
                case 2: seen += co_await body.readany_view(); break;
                case 3: seen += co_await body.readline(); break;
                case 4:
                    seen += co_await body.readexactly(std::min<std::size_t>(random() % 50, all.size() - seen.size()));
                    break;
                default: seen += body.read_nowait(static_cast<std::ptrdiff_t>(random() % 10)); break;
            }
        }
        EXPECT_EQ(seen, all) << "seed " << seed;
    }
}

}  // namespace
}  // namespace aio::test
