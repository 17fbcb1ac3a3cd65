// A client's messages to bytes. Sizes and strings are checked before anything is appended; only a Bind whose parameters are
// written in place has its length patched in afterwards. backend.hpp has the other direction.
#include "db/pg/wire/frontend.hpp"

#include <aio/base/assert.hpp>

#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/integers.hpp"

#include <algorithm>
#include <initializer_list>

namespace aio::pg::wire {

namespace {

constexpr std::size_t kLengthWord = 4;
constexpr std::uint32_t kCancelRequest = 1234 << 16 | 5678, kSslRequest = 1234 << 16 | 5679;

void check_message_size(std::string_view what, std::initializer_list<std::size_t> parts,
                        std::size_t limit = kMaxMessage) {
    std::size_t left = limit - kLengthWord;
    for (const std::size_t part : parts) {
        if (part > left) {
            throw MessageError("cannot send " + std::string(what) + " to PostgreSQL: it is longer than the " +
                               std::to_string(limit) + " bytes that a server accepts");
        }
        left -= part;
    }
}

void check_c_string(std::string_view what, std::string_view text) {
    if (text.find('\0') == std::string_view::npos) return;
    throw MessageError("cannot send " + std::string(what) + " to PostgreSQL: it contains a NUL character");
}

// After it, `size` bytes are appended without an allocation, which might fail halfway.
void make_room(std::string& output, std::size_t size) {
    if (output.capacity() - output.size() >= size) return;
    output.reserve(std::max(output.size() + size, 2 * output.capacity()));
}

// Also makes room for all of the body.
void begin_message(std::string& output, char type, std::size_t body) {
    make_room(output, 1 + kLengthWord + body);
    output += type;
    append_u32(output, static_cast<std::uint32_t>(kLengthWord + body));
}

void append_c_string(std::string& output, std::string_view text) {
    output.append(text);
    output += '\0';
}

// A message that is one string: SQL, a password, a reason.
void append_string_message(std::string& output, char type, std::string_view what, std::string_view text,
                           std::size_t limit = kMaxMessage) {
    check_message_size(what, {text.size(), 1}, limit);
    check_c_string(what, text);
    begin_message(output, type, text.size() + 1);
    append_c_string(output, text);
}

// Describe and Close: of a statement ('S') or a portal ('P').
void append_about(std::string& output, char type, char kind, std::string_view name) {
    const std::string_view what = kind == 'S' ? "the name of a statement" : "the name of a portal";
    check_message_size(what, {1, name.size(), 1}, kMaxShortMessage);
    check_c_string(what, name);
    begin_message(output, type, 1 + name.size() + 1);
    output += kind;
    append_c_string(output, name);
}

void append_formats(std::string& output, std::span<const Format> formats) {
    append_u16(output, static_cast<std::uint16_t>(formats.size()));
    for (const Format format : formats) append_u16(output, static_cast<std::uint16_t>(format));
}

void check_count(std::string_view what, std::size_t count) {
    if (count <= kMaxParameters) return;
    throw MessageError("cannot send " + std::to_string(count) + " " + std::string(what) +
                       " to PostgreSQL: it takes at most 65535; pass an array, or use COPY");
}

}  // namespace

void append_startup(std::string& output, std::span<const StartupParameter> parameters, std::uint32_t version) {
    constexpr std::string_view kWhat = "the parameters of a connection";
    std::size_t size = kLengthWord + 1;  // the version, and the NUL at the end
    for (const auto& [name, value] : parameters) {
        check_message_size(kWhat, {size, name.size(), value.size(), 2}, kMaxShortMessage);
        check_c_string(kWhat, name);
        check_c_string("the value of the parameter " + std::string(name), value);
        if (name.empty()) throw MessageError("cannot connect to PostgreSQL: a parameter has no name");
        size += name.size() + value.size() + 2;
    }
    make_room(output, kLengthWord + size);
    append_u32(output, static_cast<std::uint32_t>(kLengthWord + size));
    append_u32(output, version);
    for (const auto& [name, value] : parameters) {
        append_c_string(output, name);
        append_c_string(output, value);
    }
    output += '\0';
}

void append_ssl_request(std::string& output) {
    make_room(output, 8);
    append_u32(output, 8);
    append_u32(output, kSslRequest);
}

void append_cancel_request(std::string& output, std::uint32_t process, std::string_view key) {
    if (key.size() < kMinCancelKey || key.size() > kMaxCancelKey) {
        throw MessageError("cannot cancel a query of PostgreSQL: the key has " + std::to_string(key.size()) +
                           " bytes, not 4 to 256");
    }
    make_room(output, 12 + key.size());
    append_u32(output, static_cast<std::uint32_t>(12 + key.size()));
    append_u32(output, kCancelRequest);
    append_u32(output, process);
    output.append(key);
}

void append_password(std::string& output, std::string_view password) {
    append_string_message(output, 'p', "the password", password);
}

void append_sasl_initial(std::string& output, std::string_view mechanism, std::optional<std::string_view> data) {
    constexpr std::string_view kWhat = "the first SASL message";
    const std::size_t size = data ? data->size() : 0;
    check_message_size(kWhat, {mechanism.size(), 1, 4, size});
    check_c_string("the name of a SASL mechanism", mechanism);
    begin_message(output, 'p', mechanism.size() + 1 + 4 + size);
    append_c_string(output, mechanism);
    append_u32(output, data ? static_cast<std::uint32_t>(size) : ~std::uint32_t{0});
    if (data) output.append(*data);
}

void append_sasl_response(std::string& output, std::string_view data) {
    check_message_size("a SASL message", {data.size()});
    begin_message(output, 'p', data.size());
    output.append(data);
}

void append_terminate(std::string& output) { begin_message(output, 'X', 0); }

void append_query(std::string& output, std::string_view sql) { append_string_message(output, 'Q', "SQL", sql); }

void append_parse(std::string& output, std::string_view statement, std::string_view sql,
                  std::span<const std::uint32_t> parameter_types) {
    check_count("parameter types", parameter_types.size());
    check_message_size("SQL", {statement.size(), 1, sql.size(), 1, 2, 4 * parameter_types.size()});
    check_c_string("the name of a statement", statement);
    check_c_string("SQL", sql);
    begin_message(output, 'P', statement.size() + 1 + sql.size() + 1 + 2 + 4 * parameter_types.size());
    append_c_string(output, statement);
    append_c_string(output, sql);
    append_u16(output, static_cast<std::uint16_t>(parameter_types.size()));
    for (const std::uint32_t type : parameter_types) append_u32(output, type);
}

void append_bind(std::string& output, std::string_view portal, std::string_view statement,
                 std::span<const Format> parameter_formats, std::span<const Parameter> parameters,
                 std::span<const Format> result_formats) {
    BindMessage message(output, portal, statement, parameter_formats);
    for (const Parameter& parameter : parameters) {
        if (parameter) {
            message.add(*parameter);
        } else {
            message.add_null();
        }
    }
    message.finish(result_formats);
}

void append_describe_statement(std::string& output, std::string_view statement) {
    append_about(output, 'D', 'S', statement);
}

void append_describe_portal(std::string& output, std::string_view portal) { append_about(output, 'D', 'P', portal); }

void append_execute(std::string& output, std::string_view portal, std::int32_t max_rows) {
    constexpr std::string_view kWhat = "the name of a portal";
    if (max_rows < 0) throw MessageError("cannot fetch " + std::to_string(max_rows) + " rows from PostgreSQL");
    check_message_size(kWhat, {portal.size(), 1, 4}, kMaxShortMessage);
    check_c_string(kWhat, portal);
    begin_message(output, 'E', portal.size() + 1 + 4);
    append_c_string(output, portal);
    append_u32(output, static_cast<std::uint32_t>(max_rows));
}

void append_close_statement(std::string& output, std::string_view statement) {
    append_about(output, 'C', 'S', statement);
}

void append_close_portal(std::string& output, std::string_view portal) { append_about(output, 'C', 'P', portal); }

void append_sync(std::string& output) { begin_message(output, 'S', 0); }

void append_flush(std::string& output) { begin_message(output, 'H', 0); }

void append_copy_data(std::string& output, std::string_view data) {
    check_message_size("the data of a COPY", {data.size()});
    begin_message(output, 'd', data.size());
    output.append(data);
}

void append_copy_data_header(std::string& output, std::size_t size) {
    check_message_size("the data of a COPY", {size});
    make_room(output, 1 + kLengthWord);
    output += 'd';
    append_u32(output, static_cast<std::uint32_t>(kLengthWord + size));
}

void append_copy_done(std::string& output) { begin_message(output, 'c', 0); }

void append_copy_fail(std::string& output, std::string_view reason) {
    append_string_message(output, 'f', "the reason why a COPY failed", reason, kMaxShortMessage);
}

BindMessage::BindMessage(std::string& output, std::string_view portal, std::string_view statement,
                         std::span<const Format> parameter_formats)
    : output_(output), begin_(output.size()), formats_(parameter_formats.size()) {
    check_count("formats", formats_);
    check_message_size("a query", {portal.size(), 1, statement.size(), 1, 2, 2 * formats_, 2, 2});
    check_c_string("the name of a portal", portal);
    check_c_string("the name of a statement", statement);
    // The length is finish()'s.
    begin_message(output, 'B', portal.size() + 1 + statement.size() + 1 + 2 + 2 * formats_ + 2);
    append_c_string(output, portal);
    append_c_string(output, statement);
    append_formats(output, parameter_formats);
    count_at_ = output.size();
    append_u16(output, 0);
}

BindMessage::~BindMessage() {
    if (!finished_) output_.resize(begin_);
}

void BindMessage::check_size(std::size_t more) const {
    check_message_size("the parameters of a query", {output_.size() - begin_ - 1 - kLengthWord, more});
}

std::size_t BindMessage::begin_value() {
    check_count("parameters", ++parameters_);
    check_size(4);
    append_u32(output_, ~std::uint32_t{0});  // the length of a NULL
    return output_.size();
}

void BindMessage::end_value(std::size_t begin) {
    AIO_ASSERT(output_.size() >= begin);
    check_size(0);
    store_u32(output_.data() + begin - 4, static_cast<std::uint32_t>(output_.size() - begin));
}

void BindMessage::add_null() { begin_value(); }

void BindMessage::add(std::string_view value) {
    const std::size_t begin = begin_value();
    check_size(value.size());
    output_.append(value);
    end_value(begin);
}

void BindMessage::finish(std::span<const Format> result_formats) {
    check_count("formats", result_formats.size());
    if (formats_ > 1 && formats_ != parameters_) {
        throw MessageError("cannot send a query to PostgreSQL: it has " + std::to_string(formats_) + " formats for " +
                           std::to_string(parameters_) + " parameters");
    }
    check_size(2 + 2 * result_formats.size());
    make_room(output_, 2 + 2 * result_formats.size());
    append_formats(output_, result_formats);
    store_u16(output_.data() + count_at_, static_cast<std::uint16_t>(parameters_));
    store_u32(output_.data() + begin_ + 1, static_cast<std::uint32_t>(output_.size() - begin_ - 1));
    finished_ = true;
}

}  // namespace aio::pg::wire
