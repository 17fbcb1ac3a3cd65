// The packets that a client sends. Their frames: packet_reader.cpp.
#include "db/mysql/wire/client_packets.hpp"

#include "db/mysql/wire/integers.hpp"
#include "db/mysql/wire/packet_reader.hpp"

namespace aio::mysql::wire {

namespace {

constexpr std::uint8_t kCursorReadOnly = 1;
constexpr std::uint16_t kSendsTypes = 128;

void append_command_byte(std::string& output, Command command) { output += static_cast<char>(command); }

void append_login_head(std::string& output, Capabilities capabilities) {
    append_int(output, capabilities & 0xffff'ffff, 4);
    append_int(output, PacketReader::kUnlimited, 4);
    append_int(output, kUtf8mb4, 1);
    output.append(19, '\0');
    // MariaDB reads its own capabilities where MySQL has zeros.
    append_int(output, capabilities >> 32, 4);
}

void append_terminated(std::string& output, std::string_view text) {
    output += text;
    output += '\0';
}

}  // namespace

std::uint8_t append_command(std::string& output, Command command, std::string_view text) {
    PacketWriter packet(output, 0);
    append_command_byte(packet.payload(), command);
    packet.payload() += text;
    return packet.finish();
}

std::uint8_t append_execute(std::string& output, std::uint32_t statement, const Arguments& arguments,
                            bool with_cursor) {
    PacketWriter packet(output, 0);
    append_command_byte(packet.payload(), Command::execute);
    append_int(packet.payload(), statement, 4);
    append_int(packet.payload(), with_cursor ? kCursorReadOnly : 0, 1);
    append_int(packet.payload(), 1, 4);  // iterations: always one
    if (!arguments.types.empty()) {
        packet.payload() += arguments.nulls;
        packet.payload() += '\1';  // the types follow
        packet.payload() += arguments.types;
        packet.payload() += arguments.values;
    }
    return packet.finish();
}

std::uint8_t append_bulk_execute(std::string& output, std::uint32_t statement, std::string_view types,
                                 std::string_view values) {
    PacketWriter packet(output, 0);
    append_command_byte(packet.payload(), Command::bulk_execute);
    append_int(packet.payload(), statement, 4);
    append_int(packet.payload(), kSendsTypes, 2);
    packet.payload() += types;
    packet.payload() += values;
    return packet.finish();
}

std::uint8_t append_fetch(std::string& output, std::uint32_t statement, std::uint32_t rows) {
    PacketWriter packet(output, 0);
    append_command_byte(packet.payload(), Command::fetch);
    append_int(packet.payload(), statement, 4);
    append_int(packet.payload(), rows, 4);
    return packet.finish();
}

void append_close_statement(std::string& output, std::uint32_t statement) {
    PacketWriter packet(output, 0);
    append_command_byte(packet.payload(), Command::close_statement);
    append_int(packet.payload(), statement, 4);
    packet.finish();
}

std::uint8_t append_packet(std::string& output, std::uint8_t sequence, std::string_view payload) {
    PacketWriter packet(output, sequence);
    packet.payload() += payload;
    return packet.finish();
}

std::uint8_t append_tls_request(std::string& output, std::uint8_t sequence, Capabilities capabilities) {
    PacketWriter packet(output, sequence);
    append_login_head(packet.payload(), capabilities);
    return packet.finish();
}

std::uint8_t append_login(std::string& output, std::uint8_t sequence, const Login& login) {
    PacketWriter packet(output, sequence);
    std::string& payload = packet.payload();
    append_login_head(payload, login.capabilities);
    append_terminated(payload, login.user);
    if ((login.capabilities & kLongAuthentication) != 0) {
        append_lenenc_text(payload, login.proof);
    } else {
        append_int(payload, login.proof.size(), 1);
        payload += login.proof;
    }
    if ((login.capabilities & kConnectWithDatabase) != 0) append_terminated(payload, login.database);
    if ((login.capabilities & kPluginAuthentication) != 0) append_terminated(payload, login.plugin);
    if ((login.capabilities & kConnectAttributes) != 0) {
        std::string attributes;
        for (const auto& [name, value] : login.attributes) {
            append_lenenc_text(attributes, name);
            append_lenenc_text(attributes, value);
        }
        append_lenenc_text(payload, attributes);
    }
    return packet.finish();
}

}  // namespace aio::mysql::wire
