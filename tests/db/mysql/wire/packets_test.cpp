// Frames and packets by bytes: however they are cut, and whatever they lack.
#include "db/mysql/fake_mysql.hpp"
#include "db/mysql/wire/client_packets.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/packet_reader.hpp"
#include "db/mysql/wire/result_reader.hpp"
#include "db/mysql/wire/row.hpp"

#include <gmock/gmock.h>

namespace aio::mysql::wire {
namespace {

using namespace aio::test::fake_mysql;

// All packets of `bytes`, which come in pieces of so many.
std::vector<std::string> read_all(std::string_view bytes, std::size_t piece, PacketReader& reader) {
    std::vector<std::string> payloads;
    while (!bytes.empty()) {
        std::string_view input = bytes.substr(0, piece);
        bytes.remove_prefix(input.size());
        while (const auto packet = reader.read(input)) payloads.emplace_back(packet->payload);
    }
    return payloads;
}

TEST(MysqlPackets, are_the_same_however_they_are_cut) {
    const std::string bytes =
        packet(0, "first") + packet(1, "") + packet(255, std::string(300, 'x')) + packet(0, "y");
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        PacketReader reader;
        EXPECT_THAT(read_all(bytes, piece, reader), testing::ElementsAre("first", "", std::string(300, 'x'), "y"))
            << piece;
        EXPECT_FALSE(reader.in_packet());
    }
    PacketReader reader;
    std::string_view cut = std::string_view(bytes).substr(0, 6);
    EXPECT_FALSE(reader.read(cut));
    EXPECT_TRUE(reader.in_packet());
}

TEST(MysqlPackets, beyond_a_frame_have_several) {
    for (const std::size_t size : {kLargestFrame - 1, kLargestFrame, kLargestFrame + 1, 2 * kLargestFrame}) {
        const std::string payload(size, 'x');
        std::string bytes;
        const std::uint8_t next = append_packet(bytes, 254, payload);
        EXPECT_EQ(next, static_cast<std::uint8_t>(254 + size / kLargestFrame + 1));
        PacketReader reader;
        std::string_view input = bytes;
        const auto packet = reader.read(input);
        ASSERT_TRUE(packet);
        EXPECT_EQ(packet->sequence, 254);
        EXPECT_EQ(packet->next, next);
        EXPECT_TRUE(packet->payload == payload);
        EXPECT_TRUE(input.empty());
    }
}

TEST(MysqlPackets, with_wrong_numbers_or_sizes_are_refused) {
    PacketReader small(10);
    const std::string bytes = packet(0, std::string(11, 'x'));
    std::string_view large = bytes;
    EXPECT_THROW(small.read(large), ProtocolError);
    PacketReader reader(2 * kLargestFrame);
    const std::string frame = packet(3, std::string(kLargestFrame, 'x'));
    std::string_view input = frame;
    EXPECT_FALSE(reader.read(input));
    std::string_view wrong("\1\0\0\5x", 5);
    EXPECT_THROW(reader.read(wrong), ProtocolError);
}

TEST(MysqlPackets, a_handshake_of_each_server) {
    const std::string payload = handshake_payload("caching_sha2_password");
    const Handshake mysql = parse_handshake(payload);
    EXPECT_EQ(mysql.version, "8.0.36");
    EXPECT_EQ(mysql.connection, 77u);
    EXPECT_EQ(mysql.scramble, kScramble);
    EXPECT_EQ(mysql.plugin, "caching_sha2_password");
    EXPECT_EQ(mysql.capabilities & kBulkStatements, 0u);
    // MariaDB leaves out the first capability, and has its own where MySQL has zeros.
    std::string mariadb = number(10, 1) + "5.5.5-10.11.6-MariaDB" + '\0' + payload.substr(8);
    mariadb[36] = static_cast<char>(mariadb[36] & ~1);
    const Handshake other = parse_handshake(mariadb);
    EXPECT_EQ(other.version, "10.11.6-MariaDB");
    EXPECT_EQ(other.capabilities & kLongPassword, 0u);
    for (std::size_t size = 0; size < 52; ++size) {  // the plugin's name behind it may be missing
        EXPECT_THROW(parse_handshake(std::string_view(payload).substr(0, size)), ProtocolError) << size;
    }
}

TEST(MysqlPackets, each_packet_that_is_cut_is_refused) {
    const std::string column = column_payload("name", 253), ok = ok_payload(), prepared = prepare_ok_payload();
    for (std::size_t size = 0; size < column.size(); ++size) {
        EXPECT_THROW(parse_column(std::string_view(column).substr(0, size)), ProtocolError);
    }
    for (std::size_t size = 0; size < ok.size(); ++size) {
        EXPECT_THROW(parse_ok(std::string_view(ok).substr(0, size)), ProtocolError);
    }
    for (std::size_t size = 0; size < 9; ++size) {
        EXPECT_THROW(parse_prepare_ok(std::string_view(prepared).substr(0, size)), ProtocolError);
    }
    EXPECT_THROW(parse_error("\xff"), ProtocolError);
    EXPECT_THROW(parse_error("\xff\1\1#abc"), ProtocolError);
    EXPECT_THROW(parse_eof(std::string("\xfe\0\0\0\0\0", 6)), ProtocolError);
    EXPECT_THROW(parse_auth_switch("\xfe"), AuthenticationError);
}

TEST(MysqlPackets, rows_that_are_cut_or_too_long_are_refused) {
    using namespace std::string_literals;
    const Width widths[] = {Width::one, Width::variable, Width::date, Width::time, Width::eight};
    const std::string row =
        "\0"s + "\0"s + "\x07" + text("abc") + "\4"s + number(2024, 2) + "\1\2" + "\0"s + number(9, 8);
    EXPECT_NO_THROW(check_binary_row(row, widths));
    for (std::size_t size = 0; size < row.size(); ++size) {
        EXPECT_THROW(check_binary_row(std::string_view(row).substr(0, size), widths), ProtocolError) << size;
    }
    EXPECT_THROW(check_binary_row(row + "x", widths), ProtocolError);
    const Width unknown[] = {Width::unknown};
    EXPECT_THROW(check_binary_row("\0\0x"s, unknown), ProtocolError);
    EXPECT_NO_THROW(check_binary_row("\0\4"s, unknown));  // NULL
    const std::string plain = text("a") + "\xfb" + text("") + "\xfc" + number(300, 2) + std::string(300, 'x');
    EXPECT_NO_THROW(check_text_row(plain, 4));
    for (std::size_t size = 0; size < plain.size(); ++size) {
        EXPECT_THROW(check_text_row(std::string_view(plain).substr(0, size), 4), ProtocolError) << size;
    }
    const char* at = plain.data();
    EXPECT_EQ(take_text_value(at), "a");
    EXPECT_EQ(take_text_value(at), std::nullopt);
    EXPECT_EQ(take_text_value(at), "");
    EXPECT_EQ(take_text_value(at)->size(), 300u);
}

// The events of an answer, by their first letters.
std::string events(const std::vector<std::string>& payloads, bool no_eof) {
    ResultReader reader(no_eof);
    std::string seen;
    for (const std::string& payload : payloads) {
        if (reader.is_over()) return seen + "over";
        using Event = ResultReader::Event;
        switch (reader.read(payload)) {
            case Event::columns: seen += 'N'; break;
            case Event::column: seen += 'C'; break;
            case Event::separator: seen += '|'; break;
            case Event::row: seen += 'R'; break;
            case Event::rows_end: seen += '.'; break;
            case Event::ok: seen += 'K'; break;
            case Event::error: seen += 'E'; break;
            case Event::file: seen += 'F'; break;
        }
    }
    return seen + (reader.is_over() ? "!" : "?");
}

TEST(MysqlPackets, answers_of_old_and_new_servers) {
    const std::string one = number(1, 1), two = number(2, 1), column = column_payload(), row = row_payload(1);
    const std::string eof("\xfe\0\0\2\0", 5), more_eof("\xfe\0\0\x0a\0", 5), cursor_eof("\xfe\0\0\x42\0", 5);
    EXPECT_EQ(events({ok_payload()}, true), "K!");
    EXPECT_EQ(events({one, column, row, row, ok_payload(2, 0xfe)}, true), "NCRR.!");
    EXPECT_EQ(events({two, column, column, eof, row, eof}, false), "NCC|R.!");
    EXPECT_EQ(events({one, column, eof, eof}, false), "NC|.!");
    EXPECT_EQ(events({one, column, cursor_eof}, false), "NC.!");
    EXPECT_EQ(events({one, column, ok_payload(0x42, 0xfe)}, true), "NC.!");
    EXPECT_EQ(events({one, column, eof, row, more_eof, ok_payload(10), error_payload(1, "HY000", "no")}, false),
              "NC|R.KE!");
    EXPECT_EQ(events({"\xfb"
                      "file",
                      ok_payload()},
                     true),
              "FK!");
    EXPECT_EQ(events({one, column, error_payload(1, "HY000", "no")}, true), "NCE!");
    EXPECT_EQ(events({one, column}, true), "NC?");
    EXPECT_THROW(events({one, column, row}, false), ProtocolError);
    EXPECT_THROW(events({std::string()}, true), ProtocolError);
}

}  // namespace
}  // namespace aio::mysql::wire
