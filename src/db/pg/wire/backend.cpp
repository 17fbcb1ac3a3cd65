// The bodies of a server's messages, but for rows (row.cpp), errors and notices (report.cpp).
#include "db/pg/wire/backend.hpp"

#include "db/pg/wire/body.hpp"

#include <algorithm>
#include <charconv>

namespace aio::pg::wire {

namespace {

constexpr std::uint32_t kNewestKind = static_cast<std::uint32_t>(AuthenticationKind::sasl_final);

StringList take_mechanisms(Body& body) {
    const std::string_view list(body.rest());
    Body strings({MessageType::authentication, list}, MessageType::authentication);
    std::size_t size = 0;
    while (true) {
        const std::string_view name = strings.c_string("the SASL mechanisms");
        if (name.empty()) break;
        size += name.size() + 1;
    }
    strings.finish();
    if (size == 0) body.refuse("offers no SASL mechanism");
    return StringList(list.substr(0, size));
}

// The number at the end of "INSERT 0 5".
std::optional<std::uint64_t> rows_of(std::string_view tag) noexcept {
    const std::size_t space = tag.rfind(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const char* const end = tag.data() + tag.size();
    std::uint64_t rows = 0;
    const auto [stop, error] = std::from_chars(tag.data() + space + 1, end, rows);
    if (error != std::errc() || stop != end) return std::nullopt;
    return rows;
}

}  // namespace

bool StringList::contains(std::string_view text) const noexcept { return std::find(begin(), end(), text) != end(); }

std::string_view name_of(AuthenticationKind kind) noexcept {
    switch (kind) {
        case AuthenticationKind::ok: return "no further authentication";
        case AuthenticationKind::kerberos_v4: return "Kerberos V4";
        case AuthenticationKind::kerberos_v5: return "Kerberos V5";
        case AuthenticationKind::cleartext: return "a password in clear text";
        case AuthenticationKind::crypt: return "a password under crypt()";
        case AuthenticationKind::md5: return "a password under MD5";
        case AuthenticationKind::scm_credential: return "SCM credentials";
        case AuthenticationKind::gss:
        case AuthenticationKind::gss_continue: return "GSSAPI";
        case AuthenticationKind::sspi: return "SSPI";
        case AuthenticationKind::sasl:
        case AuthenticationKind::sasl_continue:
        case AuthenticationKind::sasl_final: return "SCRAM or another SASL mechanism";
    }
    return {};
}

bool is_supported(AuthenticationKind kind) noexcept {
    switch (kind) {
        case AuthenticationKind::ok:
        case AuthenticationKind::cleartext:
        case AuthenticationKind::md5:
        case AuthenticationKind::gss:
        case AuthenticationKind::gss_continue:
        case AuthenticationKind::sasl:
        case AuthenticationKind::sasl_continue:
        case AuthenticationKind::sasl_final: return true;
        default: return false;
    }
}

Authentication parse_authentication(const Message& message) {
    Body body(message, MessageType::authentication);
    const std::uint32_t number = body.u32("the kind");
    if (number > kNewestKind) body.refuse("is of the unknown kind " + std::to_string(number));
    Authentication result;
    result.kind = static_cast<AuthenticationKind>(number);
    switch (result.kind) {
        case AuthenticationKind::ok:
        case AuthenticationKind::cleartext: break;
        case AuthenticationKind::md5: result.salt = body.bytes(4, "the salt"); break;
        case AuthenticationKind::sasl: result.mechanisms = take_mechanisms(body); break;
        default: result.data = body.rest();
    }
    body.finish();
    return result;
}

ParameterStatus parse_parameter_status(const Message& message) {
    Body body(message, MessageType::parameter_status);
    ParameterStatus result;
    result.name = body.c_string("the parameter's name");
    result.value = body.c_string("the parameter's value");
    body.finish();
    return result;
}

BackendKeyData parse_backend_key_data(const Message& message) {
    Body body(message, MessageType::backend_key_data);
    BackendKeyData result;
    result.process = body.u32("the process");
    result.key = body.rest();
    if (result.key.size() < kMinCancelKey) body.refuse("ends within the key");
    if (result.key.size() > kMaxCancelKey) {
        body.refuse("has a key of " + std::to_string(result.key.size()) + " bytes, above the limit of 256");
    }
    return result;
}

NegotiateProtocolVersion parse_negotiate_protocol_version(const Message& message) {
    Body body(message, MessageType::negotiate_protocol_version);
    NegotiateProtocolVersion result;
    const std::uint32_t version = body.u32("the version");
    const std::uint32_t major = version >> 16;
    if (major != 0 && major != 3) body.refuse("offers the major version " + std::to_string(major) + ", not 3");
    result.minor = version & 0xffff;
    const std::uint32_t count = body.u32("the number of options");
    // An option has one byte at least, its NUL.
    if (count > body.size()) body.refuse("ends within the options");
    const std::string_view list = Body(body).rest();
    for (std::uint32_t i = 0; i < count; ++i) body.c_string("the options");
    body.finish();
    result.options = StringList(list);
    return result;
}

TransactionStatus parse_ready_for_query(const Message& message) {
    Body body(message, MessageType::ready_for_query);
    const auto status = static_cast<TransactionStatus>(body.byte("the status"));
    body.finish();
    switch (status) {
        case TransactionStatus::idle:
        case TransactionStatus::in_transaction:
        case TransactionStatus::failed: return status;
    }
    body.refuse("has an unknown status, the byte " + std::to_string(static_cast<unsigned char>(status)));
}

CommandComplete parse_command_complete(const Message& message) {
    Body body(message, MessageType::command_complete);
    CommandComplete result;
    result.tag = body.c_string("the tag");
    body.finish();
    result.rows = rows_of(result.tag);
    return result;
}

IntegerList<std::uint32_t> parse_parameter_description(const Message& message) {
    Body body(message, MessageType::parameter_description);
    const std::size_t count = body.u16("the number of parameters");
    const IntegerList<std::uint32_t> types(body.bytes(4 * count, "the parameters' types"));
    body.finish();
    return types;
}

void parse_empty(const Message& message) { Body(message, message.type).finish(); }

Notification parse_notification(const Message& message) {
    Body body(message, MessageType::notification_response);
    Notification result;
    result.process = body.u32("the process");
    result.channel = body.c_string("the channel");
    result.payload = body.c_string("the payload");
    body.finish();
    return result;
}

CopyResponse parse_copy_response(const Message& message) {
    Body body(message, message.type);
    CopyResponse result;
    const auto format = static_cast<unsigned char>(body.byte("the format"));
    if (format > 1) body.refuse("has the unknown format " + std::to_string(format));
    result.format = static_cast<Format>(format);
    const std::size_t count = body.u16("the number of columns");
    result.columns = IntegerList<Format>(body.bytes(2 * count, "the columns' formats"));
    body.finish();
    for (std::size_t i = 0; i < count; ++i) {
        const auto column = static_cast<unsigned>(result.columns[i]);
        if (column > 1) body.refuse("has a column of the unknown format " + std::to_string(column));
    }
    return result;
}

}  // namespace aio::pg::wire
