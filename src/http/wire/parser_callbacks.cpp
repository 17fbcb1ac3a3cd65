// What llhttp tells.
#include "http/wire/parser_machine.hpp"
#include "http/wire/request_rules.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <array>

namespace aio::http::wire {

namespace {

// The names of llhttp's methods, but not those of RTSP and of HTTP/2's preface.
constexpr auto kMethods = [] {
    std::array<std::string_view, HTTP_SOURCE + 1> names;
#define AIO_METHOD(number, name, string) names[number] = #string;
    HTTP_METHOD_MAP(AIO_METHOD)
#undef AIO_METHOD
    return names;
}();

// Chunks may spend this much on headers and extensions, beyond 16 bytes each and twice what they carry: else a peer
// could keep us busy with nothing (CVE-2023-39326).
constexpr std::size_t kMostOverhead = 16 * 1024;
constexpr std::size_t kUsualOverhead = 16;
}  // namespace

template <auto Member>
int Parser::Machine::call(llhttp_t* parser) noexcept {
    auto& machine = *static_cast<Machine*>(parser->data);
    try {
        return (machine.*Member)();
    } catch (...) {
        machine.error = std::current_exception();
        return HPE_USER;
    }
}

template <auto Member>
int Parser::Machine::call_with(llhttp_t* parser, const char* at, std::size_t size) noexcept {
    auto& machine = *static_cast<Machine*>(parser->data);
    try {
        return (machine.*Member)(at, size);
    } catch (...) {
        machine.error = std::current_exception();
        return HPE_USER;
    }
}

const llhttp_settings_t Parser::Machine::kSettings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = call_with<&Machine::url>;
    s.on_status = call_with<&Machine::status>;
    s.on_header_field = call_with<&Machine::field_name>;
    s.on_header_value = call_with<&Machine::field_value>;
    s.on_header_value_complete = call<&Machine::field_complete>;
    s.on_headers_complete = call<&Machine::headers_complete>;
    s.on_chunk_extension_name = call_with<&Machine::extension_piece>;
    s.on_chunk_extension_name_complete = call<&Machine::extension_complete>;
    s.on_chunk_extension_value = call_with<&Machine::extension_piece>;
    s.on_chunk_extension_value_complete = call<&Machine::extension_complete>;
    s.on_body = call_with<&Machine::body>;
    s.on_message_complete = call<&Machine::message_complete>;
    return s;
}();

Parser::Machine::Machine(Role r, const Limits& l) : role(r), limits(l) {
    llhttp_init(&parser, role == Role::requests ? HTTP_REQUEST : HTTP_RESPONSE, &kSettings);
    parser.data = this;
    end_fields();
}

std::string_view Parser::Machine::method() const noexcept {
    return parser.method < kMethods.size() ? kMethods[parser.method] : std::string_view();
}

// For callbacks that do not know where they are. What is before it is looked at when llhttp has returned.
int Parser::Machine::refuse(Fault what, std::string_view why) noexcept {
    pending = what;
    pending_explanation = why;
    return HPE_USER;
}

int Parser::Machine::refuse_at(const char* at, Fault what, std::string_view why) noexcept {
    if (look(at)) fail(what, why);
    return HPE_USER;
}

int Parser::Machine::url(const char* at, std::size_t size) {
    const std::size_t room = limits.line - head.target.size();
    if (size > room) return refuse_at(at + room, Fault::target_too_long, "the target is longer than the limit");
    head.target.append(at, size);
    return HPE_OK;
}

int Parser::Machine::status(const char* at, std::size_t size) {
    const std::size_t room = limits.line - head.reason.size();
    if (!is_field_value({at, std::min(room, size)})) {
        return refuse_at(at, Fault::bad_message, "a control character in the status line");
    }
    if (size > room) return refuse_at(at + room, Fault::fields_too_large, "the status line is longer than the limit");
    head.reason.append(at, size);
    return HPE_OK;
}

// The text of the fields goes into headers() as it stands, many fields at once; until then it is in the present data,
// from fields_begin on. Where names and values lie is known at once.
int Parser::Machine::take_field_text(const char* at, std::size_t size, Headers::Place& place) noexcept {
    if (size > field_room)
        return refuse_at(at + field_room, Fault::fields_too_large, "headers longer than the limit");
    field_room -= size;
    if (!fields_begin) fields_begin = at;
    fields_end = at + size;
    place.end =
        static_cast<std::uint32_t>(headers().text_size() + static_cast<std::size_t>(fields_end - fields_begin));
    if (place.begin == kNowhere.begin) place.begin = place.end - static_cast<std::uint32_t>(size);
    return HPE_OK;
}

int Parser::Machine::field_name(const char* at, std::size_t size) noexcept { return take_field_text(at, size, name); }
int Parser::Machine::field_value(const char* at, std::size_t size) noexcept {
    return take_field_text(at, size, value);
}

void Parser::Machine::keep_fields(const char* end) {
    headers().append_text({fields_begin, static_cast<std::size_t>(end - fields_begin)});
    fields_begin = fields_end = end;
}

void Parser::Machine::begin_field() noexcept {
    name = value = kNowhere;
    field_room = std::min(limits.field, head_room);
}

int Parser::Machine::field_complete() {
    if (++fields > limits.fields) return refuse(Fault::fields_too_large, "more headers than the limit");
    if (name.begin >= name.end) return refuse(Fault::bad_message, "a header without a name");
    if (value.begin == kNowhere.begin) value = {name.end, name.end};
    Headers& all = headers();
    const std::size_t kept = all.text_size();
    Headers::Field field;
    if (name.begin >= kept) {
        field = {{fields_begin + (name.begin - kept), name.end - name.begin},
                 {fields_begin + (value.begin - kept), value.end - value.begin}};
    } else {  // it began in earlier data
        if (value.end > kept) keep_fields(fields_end);
        field = {all.text(name), all.text(value)};
    }
    while (!field.value.empty() && is_blank(field.value.back())) field.value.remove_suffix(1);
    value.end = value.begin + static_cast<std::uint32_t>(field.value.size());
    all.append_field(name, value);
    head_room -= std::min(limits.field, head_room) - field_room;
    begin_field();
    if (!(parser.flags & F_TRAILING)) return note_field(field);
    const bool frames =
        equal_ignoring_case(field.name, "content-length") || equal_ignoring_case(field.name, "transfer-encoding");
    return frames ? refuse(Fault::bad_message, "a trailer about the length of the body") : HPE_OK;
}

int Parser::Machine::note_field(const Headers::Field& field) noexcept {
    const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };
    if (field.name.size() == 4 && is("host")) {
        ++hosts;
        if (!is_host_field(field.value)) return refuse(Fault::bad_message, "a Host that is no host");
    } else if (field.name.size() == 6 && is("expect")) {
        head.has_expect = true;
        head.expects_continue |= equal_ignoring_case(field.value, "100-continue");
    } else if (field.name.size() == 10 && is("connection")) {
        note_connection(field.value);
    } else if (field.name.size() == 17 && is("transfer-encoding")) {
        if (head.chunked) return refuse(Fault::bad_message, "Transfer-Encoding is there twice");
        if (!equal_ignoring_case(field.value, "chunked")) {
            return refuse(Fault::unsupported_transfer_coding, "a Transfer-Encoding other than chunked");
        }
        head.chunked = true;
    }
    return HPE_OK;
}

void Parser::Machine::note_connection(std::string_view value) noexcept {
    while (!value.empty()) {
        const std::string_view option = trimmed(take_until(value, ','));
        closes |= equal_ignoring_case(option, "close");
        persists |= equal_ignoring_case(option, "keep-alive");
        upgrades |= equal_ignoring_case(option, "upgrade");
    }
}

// What follows a head is read as llhttp says; it must be what we say, too.
int Parser::Machine::check_framing_headers() noexcept {
    if (head.chunked != ((parser.flags & F_CHUNKED) != 0)) {
        return refuse(Fault::bad_message, "a Transfer-Encoding that can be read in two ways");
    }
    if (head.chunked && head.minor_version == 0) return refuse(Fault::bad_message, "Transfer-Encoding in HTTP/1.0");
    if (parser.flags & F_CONTENT_LENGTH) head.content_length = parser.content_length;
    return HPE_OK;
}

bool Parser::Machine::has_body() const noexcept {
    return (parser.flags & F_CHUNKED) || parser.content_length > 0 || llhttp_message_needs_eof(&parser);
}

// The head's fields have ended, or the trailer's: others may begin.
void Parser::Machine::end_fields() {
    if (fields_begin) keep_fields(fields_end);
    fields_begin = nullptr;
    head_room = limits.head;
    begin_field();
}

int Parser::Machine::headers_complete() {
    end_fields();
    head.minor_version = parser.http_minor;
    if (const int refused = check_framing_headers()) return refused;
    head.keep_alive = !closes && (head.minor_version == 1 || persists);
    // HTTP/1.0 has no upgrade (RFC 9110 section 7.8).
    head.upgrade = head.minor_version == 1 && upgrades && (parser.flags & F_UPGRADE);
    event = Event::head;
    return role == Role::requests ? request_head() : response_head();
}

int Parser::Machine::request_head() noexcept {
    head.method = method();
    if (const std::string_view why = target_problem(head.method, head.target); !why.empty()) {
        return refuse(Fault::bad_message, why);
    }
    if (hosts > 1) return refuse(Fault::bad_message, "Host is there twice");
    if (hosts == 0 && head.minor_version == 1) return refuse(Fault::bad_message, "Host is missing");
    head.expects_continue &= head.minor_version == 1;
    head.upgrade |= parser.method == HTTP_CONNECT;
    // Whether to change the protocol is the server's decision; until then the next bytes are another request.
    parser.upgrade = 0;
    complete = !has_body();
    return complete ? HPE_OK : HPE_PAUSED;
}

int Parser::Machine::response_head() noexcept {
    constexpr int kSkipBody = 1, kOtherProtocol = 2;  // what llhttp understands
    head.status = parser.status_code;
    head.expects_continue = false;
    const bool switches = head.status == 101 || (tunnel && head.status / 100 == 2);
    const bool interim = head.status < 200 && head.status != 101;
    const bool skip = switches || interim || no_body || head.status == 204 || head.status == 304;
    if (skip) parser.flags |= F_SKIPBODY;
    head.upgrade = switches;
    head.keep_alive = interim || (head.keep_alive && !llhttp_message_needs_eof(&parser));
    if (!interim) no_body = tunnel = false;
    if (switches) last = true;
    complete = skip || !has_body();
    if (switches) return kOtherProtocol;
    return skip ? kSkipBody : complete ? HPE_OK : HPE_PAUSED;
}

int Parser::Machine::extension_piece(const char*, std::size_t size) noexcept {
    extension_size += size;
    return HPE_OK;
}

int Parser::Machine::extension_complete() noexcept {
    if (extension_size == 0) return refuse(Fault::bad_message, "an empty chunk extension");
    extension_size = 0;
    return HPE_OK;
}

int Parser::Machine::body(const char* at, std::size_t size) noexcept {
    if (size == 0) return HPE_OK;
    if (!look(at)) return HPE_USER;
    if (head.chunked) {
        if (framing > 0) overhead = std::max(overhead + framing, kUsualOverhead) - kUsualOverhead;
        if (overhead > kMostOverhead) return fail(Fault::fields_too_large, "chunks that carry too little"), HPE_USER;
        overhead = std::max(overhead, 2 * size) - 2 * size;
    }
    mark = at + size;
    framing = 0;
    previous = 0;
    chunk = {at, size};
    ends_chunk = head.chunked && parser.content_length == 0;
    event = Event::body;
    in_body = true;
    return HPE_PAUSED;
}

int Parser::Machine::message_complete() {
    if (fields_begin) end_fields();
    if (event != Event::head) event = Event::end;
    in_message = false;
    last |= !head.keep_alive;
    return HPE_PAUSED;
}

}  // namespace aio::http::wire
