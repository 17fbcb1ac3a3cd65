// What a server's messages say. row.hpp has rows and their descriptions, report.hpp errors and notices.
//
// Each parse_…() reads the whole body: bytes that are missing, left over or impossible are a ProtocolError. Its result is a
// view: it and its texts are valid as long as the body is. Nothing is allocated, whatever a count promises.
// Precondition, each time: the message is of that type.
//
// Source: PostgreSQL 17 manual, 53.7; 18 manual (cancel keys of 4 to 256 bytes).
#pragma once

#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/integers.hpp"
#include "db/pg/wire/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace aio::pg::wire {

// --- Lists inside a body -------------------------------------------------------------------------------------

// C strings, one after the other.
class StringList {
public:
    class Iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        explicit Iterator(const char* at) noexcept : at_(at) {}
        std::string_view operator*() const noexcept { return at_; }
        Iterator& operator++() noexcept {
            at_ += (**this).size() + 1;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const Iterator&) const = default;

    private:
        const char* at_ = nullptr;
    };

    StringList() = default;
    // Precondition: it is empty or ends with a NUL.
    explicit StringList(std::string_view bytes) noexcept : bytes_(bytes) {}

    Iterator begin() const noexcept { return Iterator(bytes_.data()); }
    Iterator end() const noexcept { return Iterator(bytes_.data() + bytes_.size()); }
    bool empty() const noexcept { return bytes_.empty(); }
    bool contains(std::string_view text) const noexcept;

private:
    std::string_view bytes_;
};

// Integers of 16 or 32 bits.
template <class T>
class IntegerList {
public:
    IntegerList() = default;
    explicit IntegerList(std::string_view bytes) noexcept : bytes_(bytes) {}

    std::size_t size() const noexcept { return bytes_.size() / sizeof(T); }
    T operator[](std::size_t i) const noexcept {
        const char* at = bytes_.data() + i * sizeof(T);
        if constexpr (sizeof(T) == 2) return static_cast<T>(load_u16(at));
        if constexpr (sizeof(T) == 4) return static_cast<T>(load_u32(at));
    }

private:
    std::string_view bytes_;
};

// --- The connection's beginning ------------------------------------------------------------------------------

enum class AuthenticationKind : std::uint32_t {
    ok = 0,
    kerberos_v4 = 1,  // never sent since 7.1
    kerberos_v5 = 2,
    cleartext = 3,
    crypt = 4,  // not since 8.4
    md5 = 5,
    scm_credential = 6,  // not since 9.1
    gss = 7,
    gss_continue = 8,
    sspi = 9,
    sasl = 10,
    sasl_continue = 11,
    sasl_final = 12,
};

// "SCRAM or another SASL mechanism", for messages.
std::string_view name_of(AuthenticationKind kind) noexcept;
// Whether this client can answer it: not SSPI and the ones of old.
bool is_supported(AuthenticationKind kind) noexcept;

struct Authentication {
    AuthenticationKind kind = AuthenticationKind::ok;
    std::string_view salt;  // md5: four bytes
    StringList mechanisms;  // sasl: at least one, the server's favourite first
    std::string_view data;  // sasl_continue, sasl_final, gss_continue; of unsupported kinds: whatever came
};
// Errors also: a kind that the protocol does not have.
Authentication parse_authentication(const Message& message);

struct ParameterStatus {
    std::string_view name, value;
};
ParameterStatus parse_parameter_status(const Message& message);

struct BackendKeyData {
    std::uint32_t process = 0;
    std::string_view key;  // of 4 bytes; with version 3.2, of 4 to 256
};
BackendKeyData parse_backend_key_data(const Message& message);

// The server goes on with an older minor version, or without some options.
struct NegotiateProtocolVersion {
    std::uint32_t minor = 0;  // 0: version 3.0. (Servers send all of 3.0; older manuals call it the minor version.)
    StringList options;       // names that begin with "_pq_.", which the server does not know
};
NegotiateProtocolVersion parse_negotiate_protocol_version(const Message& message);

// --- Queries -------------------------------------------------------------------------------------------------

enum class TransactionStatus : char { idle = 'I', in_transaction = 'T', failed = 'E' };
TransactionStatus parse_ready_for_query(const Message& message);

struct CommandComplete {
    std::string_view tag;               // "INSERT 0 5", "CREATE TABLE"
    std::optional<std::uint64_t> rows;  // 5; none if the tag does not end with a number
};
CommandComplete parse_command_complete(const Message& message);

// The types of a statement's parameters: OIDs.
IntegerList<std::uint32_t> parse_parameter_description(const Message& message);

// Messages that consist of their type: ParseComplete, BindComplete, CloseComplete, NoData, PortalSuspended,
// EmptyQueryResponse, CopyDone.
void parse_empty(const Message& message);

// --- What may come at any time -------------------------------------------------------------------------------

struct Notification {
    std::uint32_t process = 0;  // that sent it
    std::string_view channel, payload;
};
Notification parse_notification(const Message& message);

// --- COPY ----------------------------------------------------------------------------------------------------

// CopyInResponse, CopyOutResponse or CopyBothResponse.
struct CopyResponse {
    Format format = Format::text;  // of all; text: all columns are
    IntegerList<Format> columns;
};
CopyResponse parse_copy_response(const Message& message);

// CopyData is its body.

}  // namespace aio::pg::wire
