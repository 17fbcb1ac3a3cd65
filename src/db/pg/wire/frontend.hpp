// What a PostgreSQL client sends: each function appends one message to `output`.
//
// The sink is a std::string because that is what a stream's buffer is made of: messages of a pipeline are appended one after
// the other and written together.
//
// Errors, of every function: MessageError if the message would be longer than the server accepts, or if a string that ends
// with a NUL on the wire has one inside. Whatever is thrown, std::bad_alloc too, `output` is as it was before.
//
// Source: PostgreSQL 17 manual, 53.2 (flow) and 53.7 (formats); 18 manual, the same chapter (version 3.2, cancel keys).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace aio::pg::wire {

inline constexpr std::uint32_t kProtocol30 = 3 << 16, kProtocol32 = 3 << 16 | 2;

// The most that a server accepts, as the length word counts: that word and the body, not the type. Source: PostgreSQL 17,
// src/backend/libpq/pqcomm.c, src/include/libpq/libpq.h and pqcomm.h.
inline constexpr std::size_t kMaxMessage = 0x3fff'fffe;  // 1 GiB less two bytes: SQL, parameters, CopyData
inline constexpr std::size_t kMaxShortMessage = 10'000;  // the startup, names, the reason of a CopyFail
inline constexpr std::size_t kMaxParameters = 65'535;    // of one statement
inline constexpr std::size_t kMinCancelKey = 4, kMaxCancelKey = 256;

enum class Format : std::uint16_t { text = 0, binary = 1 };

// A parameter's bytes, or SQL's NULL.
using Parameter = std::optional<std::string_view>;

// --- The connection's beginning and its end ------------------------------------------------------------------

using StartupParameter = std::pair<std::string_view, std::string_view>;  // "user" and the name, for example

void append_startup(std::string& output, std::span<const StartupParameter> parameters,
                    std::uint32_t version = kProtocol30);
void append_ssl_request(std::string& output);
// On a connection of its own. process and key: from BackendKeyData.
void append_cancel_request(std::string& output, std::uint32_t process, std::string_view key);
// The password in clear text, or what md5_password() made of it.
void append_password(std::string& output, std::string_view password);
// data: none when the mechanism waits for the server's first message.
void append_sasl_initial(std::string& output, std::string_view mechanism, std::optional<std::string_view> data);
// Also GSSAPI's, which has the same layout.
void append_sasl_response(std::string& output, std::string_view data);
void append_terminate(std::string& output);

// --- Queries -------------------------------------------------------------------------------------------------

void append_query(std::string& output, std::string_view sql);
// parameter_types: OIDs; 0, or none at all: the server infers the type.
void append_parse(std::string& output, std::string_view statement, std::string_view sql,
                  std::span<const std::uint32_t> parameter_types = {});
// The formats, each time: none for text everywhere, one for all, or one for each.
void append_bind(std::string& output, std::string_view portal, std::string_view statement,
                 std::span<const Format> parameter_formats, std::span<const Parameter> parameters,
                 std::span<const Format> result_formats);
void append_describe_statement(std::string& output, std::string_view statement);
void append_describe_portal(std::string& output, std::string_view portal);
// max_rows: 0 for all of them. Errors: MessageError if it is negative.
void append_execute(std::string& output, std::string_view portal, std::int32_t max_rows = 0);
void append_close_statement(std::string& output, std::string_view statement);
void append_close_portal(std::string& output, std::string_view portal);
void append_sync(std::string& output);
void append_flush(std::string& output);

// --- COPY ----------------------------------------------------------------------------------------------------

void append_copy_data(std::string& output, std::string_view data);
// What comes before `size` bytes that are written without passing through `output`.
void append_copy_data_header(std::string& output, std::size_t size);
void append_copy_done(std::string& output);
void append_copy_fail(std::string& output, std::string_view reason);

// A Bind whose parameters are written in place, one after the other. Unless finish() succeeds, the destructor removes the
// message from `output`. Meanwhile nothing else may be appended to it.
class BindMessage {
public:
    BindMessage(std::string& output, std::string_view portal, std::string_view statement,
                std::span<const Format> parameter_formats = {});
    BindMessage(const BindMessage&) = delete;
    BindMessage& operator=(const BindMessage&) = delete;
    ~BindMessage();

    void add_null();
    void add(std::string_view value);
    // write(output) appends the value's bytes, and touches nothing before them.
    template <std::invocable<std::string&> Write>
    void add_in_place(Write&& write) {
        const std::size_t begin = begin_value();
        std::forward<Write>(write)(output_);
        end_value(begin);
    }

    void finish(std::span<const Format> result_formats = {});

private:
    std::size_t begin_value();
    void end_value(std::size_t begin);
    void check_size(std::size_t more) const;

    std::string& output_;
    const std::size_t begin_;     // of the message
    std::size_t formats_ = 0;     // of parameters
    std::size_t count_at_ = 0;    // where the number of parameters is
    std::size_t parameters_ = 0;  // so far
    bool finished_ = false;
};

}  // namespace aio::pg::wire
