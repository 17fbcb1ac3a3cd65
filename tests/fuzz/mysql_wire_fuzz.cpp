// What a MySQL server may send: whatever comes, whole or byte by byte it gives the same packets and the same fault; answers end, rows
// are read within their bounds, and each value is one of its column's type or a typed error. The first byte chooses what it is.
#include <aio/mysql/types.hpp>

#include "db/mysql/wire/authenticator.hpp"
#include "db/mysql/wire/compression.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/packet_reader.hpp"
#include "db/mysql/wire/result_reader.hpp"
#include "db/mysql/wire/row.hpp"
#include "fuzz/property.hpp"

#include <chrono>
#include <span>
#include <string>
#include <vector>

using aio::fuzz::require;
using namespace aio::mysql::wire;
using aio::mysql::ColumnType;
using aio::mysql::FieldType;
using aio::mysql::Format;

namespace {

struct Packets {
    std::vector<std::string> payloads;
    bool failed = false;
};

// `piece`: how many bytes come at a time.
Packets read_packets(std::string_view bytes, std::size_t piece, std::size_t limit) {
    Packets result;
    PacketReader reader(limit);
    try {
        while (!bytes.empty()) {
            std::string_view input = bytes.substr(0, piece);
            bytes.remove_prefix(input.size());
            while (const auto packet = reader.read(input)) result.payloads.emplace_back(packet->payload);
        }
    } catch (const ProtocolError&) {
        result.failed = true;
    }
    return result;
}

std::string decompress_all(std::string_view bytes, std::size_t piece) {
    std::string plain;
    Compression compression;
    try {
        while (!bytes.empty()) {
            std::string_view input = bytes.substr(0, piece);
            bytes.remove_prefix(input.size());
            while (true) {
                const std::string_view part = compression.decompress(input);
                if (part.empty()) break;
                plain += part;
            }
        }
    } catch (const ProtocolError&) {
        plain += "!";
    }
    return plain;
}

template <class T>
void read_as(const aio::mysql::Value& value) {
    try {
        static_cast<void>(value.get<std::optional<T>>());
    } catch (const aio::db::ConversionError&) {}
}

void read_value(const ColumnType& type, Format format, Value bytes) {
    const aio::mysql::Value value(type, format, bytes, "n");
    read_as<bool>(value);
    read_as<std::int8_t>(value);
    read_as<std::uint64_t>(value);
    read_as<double>(value);
    read_as<float>(value);
    read_as<std::string>(value);
    read_as<aio::mysql::Bytes>(value);
    read_as<aio::mysql::DateTime>(value);
    read_as<std::chrono::year_month_day>(value);
    read_as<std::chrono::local_time<std::chrono::microseconds>>(value);
    read_as<std::chrono::microseconds>(value);
}

// Rows of the columns that were described, checked first.
struct Table {
    std::vector<ColumnType> types;
    std::vector<Width> widths;

    void add(std::string_view payload) {
        const ColumnPacket column = parse_column(payload);
        types.push_back(
            {static_cast<FieldType>(column.type), column.flags, column.charset, column.length, column.decimals});
        widths.push_back(width_of(column.type));
    }
    void read(std::string_view payload, bool binary) const {
        const char* at = payload.data();
        if (!binary) {
            check_text_row(payload, types.size());
            for (const ColumnType& type : types) read_value(type, Format::text, take_text_value(at));
            require(at == payload.data() + payload.size(), "a text row is read to its end");
            return;
        }
        check_binary_row(payload, widths);
        at = binary_values(payload.data(), widths.size());
        for (std::size_t i = 0; i < types.size(); ++i) {
            const bool is_null = is_binary_null(payload.data(), i);
            read_value(types[i], Format::binary, is_null ? Value() : Value(take_binary_value(at, widths[i])));
        }
        require(at == payload.data() + payload.size(), "a binary row is read to its end");
    }
};

void read_answer(const std::vector<std::string>& payloads, bool no_eof, bool binary) {
    ResultReader reader(no_eof);
    Table table;
    for (const std::string& payload : payloads) {
        if (reader.is_over()) return;
        using Event = ResultReader::Event;
        switch (reader.read(payload)) {
            case Event::columns: table = Table(); break;
            case Event::column: table.add(payload); break;
            case Event::row: table.read(payload, binary); break;
            case Event::error: parse_error(payload); break;
            default: break;
        }
        require(table.types.size() <= reader.column_count(), "there are no more columns than were promised");
    }
}

void read_login(const std::vector<std::string>& payloads) {
    if (payloads.empty()) return;
    const Handshake handshake = parse_handshake(payloads.front());
    require(handshake.scramble.size() == 20, "a scramble has 20 bytes");
    AuthenticationPolicy policy;
    policy.asks_for_public_key = true;
    Authenticator authenticator("secret", policy);
    authenticator.begin(handshake.plugin, handshake.scramble);
    for (std::size_t i = 1; i < payloads.size(); ++i) {
        if (begins_with(payloads[i], kErrorHeader)) return void(parse_error(payloads[i]));
        if (begins_with(payloads[i], kOkHeader)) return void(parse_ok(payloads[i]));
        const auto answer = authenticator.receive(payloads[i]);
        require(!answer || answer->find("secret") == std::string::npos, "a password is not sent in clear text");
    }
}

void read_preparation(const std::vector<std::string>& payloads, bool no_eof) {
    PrepareReader reader(no_eof);
    for (const std::string& payload : payloads) {
        if (reader.is_over()) return;
        const auto event = reader.read(payload);
        const bool describes = event == PrepareReader::Event::parameter || event == PrepareReader::Event::column;
        if (describes) parse_column(payload);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes = aio::fuzz::as_text(data, size);
    const unsigned choice = aio::fuzz::take_byte(bytes);
    const std::size_t limit = choice & 1 ? 100 : PacketReader::kUnlimited;
    const Packets whole = read_packets(bytes, std::string_view::npos, limit);
    for (const std::size_t piece : {1, 7}) {
        const Packets cut = read_packets(bytes, piece, limit);
        require(cut.payloads == whole.payloads && cut.failed == whole.failed,
                "packets do not depend on how bytes are cut");
    }
    const std::string plain = decompress_all(bytes, std::string_view::npos);
    require(decompress_all(bytes, 3) == plain, "nor does what is compressed");
    try {
        switch (choice >> 4 & 3) {
            case 0: read_login(whole.payloads); break;
            case 1: read_preparation(whole.payloads, (choice & 2) != 0); break;
            default: read_answer(whole.payloads, (choice & 2) != 0, (choice & 4) != 0);
        }
    } catch (const ProtocolError&) {
    } catch (const AuthenticationError&) {}
    return 0;
}
