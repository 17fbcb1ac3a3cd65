// The packets whose layout does not depend on a state. Those that do: result_reader.cpp; rows: row.cpp.
#include "db/mysql/wire/server_packets.hpp"

#include "db/mysql/wire/body.hpp"
#include "db/mysql/wire/errors.hpp"

#include <algorithm>

namespace aio::mysql::wire {

Handshake parse_handshake(std::string_view payload) {
    Body body(payload, "the handshake");
    const std::uint8_t protocol = body.u8("its version");
    if (protocol != 10) {
        throw ProtocolError("MySQL: the server speaks version " + std::to_string(protocol) +
                            " of the protocol, or is no MySQL server; this client speaks version 10");
    }
    Handshake result;
    result.version = body.c_string("the server's version");
    constexpr std::string_view kDisguise = "5.5.5-";
    if (result.version.starts_with(kDisguise) && result.version.find("MariaDB") != std::string_view::npos) {
        result.version.remove_prefix(kDisguise.size());
    }
    result.connection = body.u32("the number of the connection");
    result.scramble = std::string(body.bytes(8, "its scramble"));
    body.u8("its filler");
    result.capabilities = body.u16("its capabilities");
    body.u8("its character set");
    result.status = body.u16("its status");
    result.capabilities |= Capabilities{body.u16("its capabilities")} << 16;
    const std::size_t length = body.u8("the length of its scramble");
    body.bytes(6, "its filler");
    const Capabilities extended = body.u32("its capabilities");
    if (!(result.capabilities & kLongPassword)) result.capabilities |= extended << 32;
    constexpr Capabilities kNeeded = kProtocol41 | kSecureConnection;
    if ((result.capabilities & kNeeded) != kNeeded) {
        throw ProtocolError("MySQL: the server is older than 4.1, which this client does not support");
    }
    // The rest of the scramble, and its NUL.
    const std::string_view rest = body.bytes(std::max<std::size_t>(13, length < 8 ? 0 : length - 8), "its scramble");
    result.scramble += rest.substr(0, 12);
    if (result.capabilities & kPluginAuthentication) {
        const std::string_view name = body.rest();
        result.plugin = name.substr(0, name.find('\0'));  // some servers leave out the NUL
    }
    return result;
}

Ok parse_ok(std::string_view payload) {
    Body body(payload, "an OK packet");
    body.u8("its header");
    Ok ok;
    ok.affected_rows = body.lenenc("the number of affected rows");
    ok.insert_id = body.lenenc("the last id");
    ok.status = body.u16("its status");
    ok.warnings = body.u16("its warnings");
    // A length in front of the text, and what follows it, come only if session tracking was agreed upon, which it is not. MySQL
    // and MariaDB differ in whether the text has a length: it is dropped if it fits.
    ok.info = body.rest();
    if (!ok.info.empty() && static_cast<unsigned char>(ok.info.front()) == ok.info.size() - 1)
        ok.info.remove_prefix(1);
    return ok;
}

Ok parse_eof(std::string_view payload) {
    Body body(payload, "an EOF packet");
    body.u8("its header");
    Ok ok;
    ok.warnings = body.u16("its warnings");
    ok.status = body.u16("its status");
    body.finish();
    return ok;
}

ErrorPacket parse_error(std::string_view payload) {
    Body body(payload, "an error");
    body.u8("its header");
    ErrorPacket error;
    error.code = body.u16("its code");
    if (body.is_at('#')) error.sqlstate = body.bytes(6, "its SQLSTATE").substr(1);
    error.message = body.rest();
    return error;
}

ColumnPacket parse_column(std::string_view payload) {
    Body body(payload, "the definition of a column");
    ColumnPacket column;
    body.lenenc_text("its catalog");
    body.lenenc_text("its schema");
    column.table = body.lenenc_text("its table");
    body.lenenc_text("its original table");
    column.name = body.lenenc_text("its name");
    body.lenenc_text("its original name");
    const std::uint64_t fixed = body.lenenc("the length of its fields");
    if (fixed != 12) body.refuse("has fields of " + std::to_string(fixed) + " bytes, not 12");
    column.charset = body.u16("its character set");
    column.length = body.u32("its length");
    column.type = body.u8("its type");
    column.flags = body.u16("its flags");
    column.decimals = body.u8("its decimals");
    body.u16("its filler");
    body.rest();  // of a parameter or of COM_FIELD_LIST, a default value
    return column;
}

PrepareOk parse_prepare_ok(std::string_view payload) {
    Body body(payload, "the answer to a preparation");
    const std::uint8_t header = body.u8("its header");
    if (header != kOkHeader) body.refuse("begins with " + std::to_string(header));
    PrepareOk ok;
    ok.id = body.u32("the number of the statement");
    ok.columns = body.u16("the number of its columns");
    ok.parameters = body.u16("the number of its parameters");
    if (body.size() > 0) body.u8("its filler");
    if (body.size() > 0) ok.warnings = body.u16("its warnings");
    body.rest();  // whether the columns are described, which only optional metadata leave open
    return ok;
}

AuthSwitch parse_auth_switch(std::string_view payload) {
    Body body(payload, "the change of the authentication");
    body.u8("its header");
    if (body.size() == 0) {
        throw AuthenticationError(
            "the server asks for the authentication of MySQL before 4.1, which is insecure: give the user another "
            "authentication plugin");
    }
    AuthSwitch result;
    result.plugin = body.c_string("the plugin's name");
    result.data = body.rest();
    return result;
}

}  // namespace aio::mysql::wire
