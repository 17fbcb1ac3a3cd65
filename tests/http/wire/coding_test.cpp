// Content codings: Decoder, Encoder, negotiation.
#include "http/wire/coding.hpp"

#include "http/body_fixture.hpp"

#include <array>
#include <random>

namespace aio::test {
namespace {

using namespace http::wire;

constexpr std::array kAll = {Coding::identity, Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd};
constexpr std::array kPacking = {Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd};

std::string pack(Coding coding, std::string_view text, int level = -1) {
    Encoder encoder(coding, level);
    std::string packed;
    encoder.encode(text, packed);
    encoder.finish(packed);
    return packed;
}

// What `decoder` makes of `packed` in pieces of `size` bytes.
std::string feed(Decoder& decoder, std::string_view packed, std::size_t size = std::string_view::npos) {
    std::string text;
    for (std::size_t at = 0; at < packed.size();) {
        std::string_view piece = packed.substr(at, size);
        at += piece.size();
        while (true) {
            const std::string_view output = decoder.decode(piece);
            if (output.empty()) break;
            EXPECT_LE(output.size(), Decoder::kPiece);
            text += output;
        }
        EXPECT_TRUE(piece.empty());
    }
    return text;
}

std::string unpack(Coding coding, std::string_view packed, std::size_t size = std::string_view::npos,
                   DecoderLimits limits = {}) {
    Decoder decoder(coding, limits);
    std::string text = feed(decoder, packed, size);
    decoder.finish();
    return text;
}

CodingError::Kind failure(Coding coding, std::string_view packed, std::size_t size = std::string_view::npos,
                          DecoderLimits limits = {}) {
    try {
        unpack(coding, packed, size, limits);
    } catch (const CodingError& error) {
        EXPECT_NE(std::string(error.what()).find(name(coding)), std::string::npos) << error.what();
        return error.kind();
    }
    ADD_FAILURE() << name(coding) << " took it";
    return {};
}

std::string noise(std::size_t size) {
    std::mt19937 random(7);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

// --- there and back ----------------------------------------------------------------------------------------------

TEST(Coding, what_is_packed_unpacks_to_the_same) {
    for (const Coding coding : kAll) {
        SCOPED_TRACE(name(coding));
        for (const std::string& text :
             {std::string(), std::string("x"), prose(100), prose(1 << 20), noise(200'000)}) {
            for (const int level : {-1, 0, 1, 9, 99}) {
                if (level > 1 && text.size() != 100) continue;  // the highest levels want 200 MB for any text
                EXPECT_EQ(unpack(coding, pack(coding, text, level)), text) << text.size() << " at level " << level;
            }
        }
    }
}

TEST(Coding, input_may_be_cut_anywhere) {
    const std::string text = prose(3000);
    for (const Coding coding : kPacking) {
        SCOPED_TRACE(name(coding));
        const std::string packed = pack(coding, text);
        for (std::size_t size = 1; size < packed.size(); ++size) {
            ASSERT_EQ(unpack(coding, packed, size), text) << "in pieces of " << size;
        }
        for (std::size_t cut = 0; cut < packed.size(); ++cut) {
            Decoder decoder(coding);
            std::string unpacked = feed(decoder, packed.substr(0, cut));
            unpacked += feed(decoder, packed.substr(cut));
            decoder.finish();
            ASSERT_EQ(unpacked, text) << "cut at " << cut;
        }
    }
}

TEST(Coding, packing_saves_space) {
    const std::string text = prose(100'000);
    for (const Coding coding : kPacking) EXPECT_LT(pack(coding, text).size(), text.size() / 3) << name(coding);
}

TEST(Coding, flush_gives_all_that_came) {
    for (const Coding coding : kAll) {
        SCOPED_TRACE(name(coding));
        Encoder encoder(coding);
        Decoder decoder(coding);
        for (int i = 0; i < 5; ++i) {
            const std::string event = "data: " + prose(50, static_cast<unsigned>(i)) + "\n\n";
            std::string packed;
            encoder.encode(event, packed);
            encoder.flush(packed);
            EXPECT_EQ(feed(decoder, packed), event);
        }
        std::string end;
        encoder.finish(end);
        feed(decoder, end);
        decoder.finish();
    }
}

TEST(Coding, an_empty_body_is_none_cut_short) {
    for (const Coding coding : kAll) EXPECT_EQ(unpack(coding, ""), "") << name(coding);
}

TEST(Coding, output_comes_in_bounded_pieces_and_input_is_used_as_far_as_needed) {
    const std::string packed = pack(Coding::gzip, std::string(900'000, 'x'));
    Decoder decoder(Coding::gzip);
    std::string_view input = packed;
    const std::string_view first = decoder.decode(input);
    EXPECT_EQ(first.size(), Decoder::kPiece);
    EXPECT_FALSE(input.empty());
}

// --- formats -----------------------------------------------------------------------------------------------------

TEST(Coding, gzip_members_follow_each_other) {
    const std::string packed = pack(Coding::gzip, "one ") + pack(Coding::gzip, "") + pack(Coding::gzip, "two");
    EXPECT_EQ(unpack(Coding::gzip, packed), "one two");
    for (std::size_t size = 1; size < 30; ++size) EXPECT_EQ(unpack(Coding::gzip, packed, size), "one two");
}

TEST(Coding, zstd_frames_follow_each_other_and_skippable_ones_are_skipped) {
    const std::string skippable("\x50\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
    const std::string packed = pack(Coding::zstd, "one ") + skippable + pack(Coding::zstd, "two");
    for (std::size_t size = 1; size < 30; ++size) EXPECT_EQ(unpack(Coding::zstd, packed, size), "one two");
}

// As curl and browsers: some servers fill up with zeros.
TEST(Coding, bytes_behind_the_end_are_dropped) {
    const std::string zeros(1000, '\0');
    for (const Coding coding : kPacking) {
        SCOPED_TRACE(name(coding));
        for (const std::string& behind :
             {std::string("g"), std::string("garbage!"), zeros.substr(0, 1), zeros.substr(0, 4), zeros,
              std::string("\x1f"), std::string("\x1f\x8b"), std::string("\x1fg"), std::string("\x28\xb5\x2f")}) {
            for (const std::size_t size : {std::size_t(1), std::size_t(3), std::string::npos}) {
                EXPECT_EQ(unpack(coding, pack(coding, "text") + behind, size), "text") << behind.size();
            }
        }
        const std::string endless(Decoder::kMostBehind + 100, '\0');
        EXPECT_EQ(failure(coding, pack(coding, "text") + endless, 1000), CodingError::Kind::broken);
    }
    // But what begins as another member must be one.
    EXPECT_EQ(failure(Coding::gzip, pack(Coding::gzip, "text") + "\x1f\x8b\x08"), CodingError::Kind::truncated);
    EXPECT_EQ(failure(Coding::gzip, pack(Coding::gzip, "text") + "\x1f\x8bgarbage"), CodingError::Kind::broken);
}

TEST(Coding, deflate_is_taken_with_and_without_the_zlib_header) {
    // zlib.compress(b"hello"), and the same with wbits=-15: Python 3.11.
    const std::string zlib("\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15", 13);
    const std::string raw("\xcb\x48\xcd\xc9\xc9\x07\x00", 7);
    for (const std::size_t size : {1, 2, 3, 100}) {
        EXPECT_EQ(unpack(Coding::deflate, zlib, size), "hello");
        EXPECT_EQ(unpack(Coding::deflate, raw, size), "hello");
    }
    EXPECT_EQ(unpack(Coding::deflate, std::string("\x03\x00", 2), 1), "");  // nothing at all, raw
    EXPECT_EQ(failure(Coding::deflate, "\x78"), CodingError::Kind::truncated);
}

TEST(Coding, a_zstd_window_beyond_8_mib_is_refused) {
    const auto frame = [](int window_log) {
        // Magic number, no flags, the window, a last raw block with one byte.
        std::string text("\x28\xB5\x2F\xFD\x00", 5);
        text += static_cast<char>((window_log - 10) << 3);
        return text + std::string("\x09\x00\x00x", 4);
    };
    EXPECT_EQ(unpack(Coding::zstd, frame(23)), "x");
    EXPECT_EQ(failure(Coding::zstd, frame(24)), CodingError::Kind::broken);
    EXPECT_EQ(failure(Coding::zstd, frame(31)), CodingError::Kind::broken);
}

TEST(Coding, every_truncation_is_noticed) {
    for (const Coding coding : kPacking) {
        SCOPED_TRACE(name(coding));
        const std::string packed = pack(coding, prose(500));
        for (std::size_t size = 1; size < packed.size(); ++size) {
            ASSERT_EQ(failure(coding, packed.substr(0, size)), CodingError::Kind::truncated) << size;
        }
    }
}

TEST(Coding, garbage_is_refused_and_stays_refused) {
    for (const Coding coding : kPacking) {
        SCOPED_TRACE(name(coding));
        EXPECT_EQ(failure(coding, "<html>not packed at all</html>"), CodingError::Kind::broken);
        Decoder decoder(coding);
        for (int i = 0; i < 3; ++i) {
            std::string_view input = "<html>not packed at all</html>";
            EXPECT_THROW(decoder.decode(input), CodingError);
        }
    }
}

TEST(Coding, a_checksum_that_does_not_fit_is_refused) {
    for (const Coding coding : {Coding::gzip, Coding::deflate}) {
        std::string packed = pack(coding, prose(100));
        packed[packed.size() - (coding == Coding::gzip ? 6 : 2)] ^= 1;
        EXPECT_EQ(failure(coding, packed), CodingError::Kind::broken) << name(coding);
    }
}

// --- bombs -------------------------------------------------------------------------------------------------------

TEST(Coding, bombs_are_noticed_before_they_fill_memory) {
    const std::string zeros(64 << 20, '\0');
    for (const Coding coding : kPacking) {
        SCOPED_TRACE(name(coding));
        const std::string bomb = pack(coding, zeros);
        Decoder decoder(coding);
        std::string_view input = bomb;
        std::size_t unpacked = 0;
        EXPECT_THROW(
            while (true) {
                const std::string_view piece = decoder.decode(input);
                if (piece.empty()) break;
                unpacked += piece.size();
            },
            CodingError);
        EXPECT_LT(unpacked, 64u << 20);
        EXPECT_GE(unpacked, 1u << 20) << "the first mebibyte is free";
    }
}

TEST(Coding, limits_can_be_set_and_lifted) {
    const std::string zeros(8 << 20, '\0');
    const std::string bomb = pack(Coding::gzip, zeros);
    EXPECT_EQ(failure(Coding::gzip, bomb), CodingError::Kind::too_large);
    DecoderLimits none;
    none.max_ratio = 0;
    EXPECT_EQ(unpack(Coding::gzip, bomb, std::string::npos, none), zeros);
    DecoderLimits small;
    small.max_size = 100;
    EXPECT_EQ(unpack(Coding::gzip, pack(Coding::gzip, prose(100)), std::string::npos, small), prose(100));
    EXPECT_EQ(failure(Coding::gzip, pack(Coding::gzip, prose(101)), std::string::npos, small),
              CodingError::Kind::too_large);
}

// --- which one ---------------------------------------------------------------------------------------------------

TEST(Coding, names_are_read_without_regard_to_case) {
    for (const Coding coding : kAll) EXPECT_EQ(parse_coding(name(coding)), coding);
    EXPECT_EQ(parse_coding("GZip"), Coding::gzip);
    EXPECT_EQ(parse_coding("x-gzip"), Coding::gzip);
    EXPECT_EQ(parse_coding("compress"), std::nullopt);
    EXPECT_EQ(parse_coding(""), std::nullopt);
    EXPECT_EQ(parse_coding("x-br"), std::nullopt);
}

TEST(Coding, lists_of_codings_are_read_in_order) {
    EXPECT_EQ(parse_codings("gzip, identity,BR ,"), (std::vector{Coding::gzip, Coding::brotli}));
    EXPECT_EQ(parse_codings(""), std::vector<Coding>());
    EXPECT_EQ(parse_codings("gzip, compress"), std::nullopt);
    EXPECT_TRUE(parse_codings("gzip,gzip,gzip,gzip"));
    EXPECT_FALSE(parse_codings("gzip,gzip,gzip,gzip,gzip"));
}

TEST(Coding, negotiation_follows_the_weights) {
    const std::pair<std::string_view, Coding> cases[] = {
        {"", Coding::identity},
        {"gzip", Coding::gzip},
        {"gzip, deflate", Coding::gzip},
        {"gzip, deflate, br, zstd", Coding::zstd},
        {"gzip;q=1.0, br;q=0.9", Coding::gzip},
        {"gzip;q=0.5, br;q=0.50", Coding::brotli},
        {"GZIP ; Q=0.8, br;q=0.801", Coding::brotli},
        {"*", Coding::gzip},
        {"br;q=0.3, *;q=0.5", Coding::gzip},
        {"gzip;q=0, *", Coding::identity},
        {"gzip;q=0", Coding::identity},
        {"identity;q=1, gzip;q=0.5", Coding::identity},
        {"identity;q=0.5, gzip;q=0.5", Coding::gzip},
        {"identity;q=0", Coding::identity},
        {"compress, sdch", Coding::identity},
        {"gzip;q=2, deflate;q=0.1", Coding::deflate},  // 2 is no weight
        {"gzip;q=0.1234, deflate;q=0.1", Coding::deflate},
        {"gzip;level=9", Coding::identity},
        {", ,gzip,,", Coding::gzip},
    };
    for (const auto& [header, expected] : cases) EXPECT_EQ(negotiate(header), expected) << header;
    const std::array offered = {Coding::brotli, Coding::gzip};
    EXPECT_EQ(negotiate("zstd, gzip, br", offered), Coding::brotli);
    EXPECT_EQ(negotiate("zstd", offered), Coding::identity);
}

}  // namespace
}  // namespace aio::test
