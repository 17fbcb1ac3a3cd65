// The callbacks of llhttp.
#include "http/wire/parser_machine.hpp"
#include "http/wire/request_rules.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::wire {

namespace {

// An llhttp that has read a start line. Which one does not matter: request_head() and response_head() set what depends
// on it.
llhttp_t behind_start_line(llhttp_type_t type, const llhttp_settings_t& settings) noexcept {
    const std::string_view line = type == HTTP_REQUEST ? "POST / HTTP/1.1\r\n" : "HTTP/1.1 200 OK\r\n";
    llhttp_t parser;
    llhttp_init(&parser, type, &settings);
    llhttp_execute(&parser, line.data(), line.size());
    return parser;
}

// Headers counts its text in 32 bits, and the limits are added up.
Limits countable(Limits limits) noexcept {
    for (std::size_t* limit : {&limits.line, &limits.field, &limits.head}) *limit = std::min(*limit, Limits::kMost);
    limits.fields = std::min(limits.fields, Limits::kMost / 4);
    return limits;
}

bool frames_message(std::string_view name) noexcept {
    return equal_ignoring_case(name, "content-length") || equal_ignoring_case(name, "transfer-encoding");
}

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
    s.on_header_field = call_with<&Machine::field_name>;
    s.on_header_value = call_with<&Machine::field_value>;
    s.on_header_value_complete = call<&Machine::field_complete>;
    s.on_headers_complete = call<&Machine::headers_complete>;
    s.on_body = call_with<&Machine::body>;
    s.on_message_complete = call<&Machine::message_complete>;
    return s;
}();

Parser::Machine::Machine(Role r, const Limits& l) : role(r), limits(countable(l)), start_line(r, limits.line) {
    llhttp_init(&parser, role == Role::requests ? HTTP_REQUEST : HTTP_RESPONSE, &kSettings);
    end_fields();
}

void Parser::Machine::begin_fields() noexcept {
    static const llhttp_settings_t nothing{};
    static const llhttp_t of_requests = behind_start_line(HTTP_REQUEST, nothing);
    static const llhttp_t of_responses = behind_start_line(HTTP_RESPONSE, nothing);
    parser = role == Role::requests ? of_requests : of_responses;
    parser.settings = const_cast<llhttp_settings_t*>(&kSettings);
    parser.data = this;
    parser.status_code = static_cast<std::uint16_t>(head.status);
    stage = Stage::llhttp;
    previous = '\n';
}

// For callbacks that do not know their position. The text before it is checked after llhttp has returned.
int Parser::Machine::refuse(Fault what, std::string_view why) noexcept {
    pending = what;
    pending_explanation = why;
    return HPE_USER;
}

int Parser::Machine::refuse_at(const char* at, Fault what, std::string_view why) noexcept {
    if (look(at)) fail(what, why);
    return HPE_USER;
}

// The text of the fields is appended to headers() unchanged, many fields at once; until then it is in the current
// piece, from fields_begin on. The positions of names and values in headers() are known before.
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

int Parser::Machine::field_name(const char* at, std::size_t size) noexcept {
    parser.header_state = 0;  // llhttp shall not read the value: "general", whatever the name
    return take_field_text(at, size, name);
}
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
    const std::string_view behind_name(field.name.end(), field.value.end());
    if (role == Role::responses && behind_name.find('\n') != std::string_view::npos) {
        if (frames_message(field.name)) {
            return refuse(Fault::bad_message, "obs-fold in a header about the length of the body");
        }
        if (name.begin >= kept) keep_fields(fields_end);
        all.unfold(value);
        field = {all.text(name), all.text(value)};
        // The spaces in place of the folds count, too.
        const std::size_t room = std::min(limits.field, head_room), size = field.name.size() + field.value.size();
        if (size > room) return refuse(Fault::fields_too_large, "headers longer than the limit");
        field_room = std::min(field_room, room - size);
    }
    while (!field.value.empty() && is_blank(field.value.back())) field.value.remove_suffix(1);
    value.end = value.begin + static_cast<std::uint32_t>(field.value.size());
    all.append_field(name, value);
    head_room -= std::min(limits.field, head_room) - field_room;
    begin_field();
    if (!(parser.flags & F_TRAILING)) return note_field(field);
    if (!frames_message(field.name)) return HPE_OK;
    return refuse(Fault::bad_message, "a trailer about the length of the body");
}

int Parser::Machine::note_field(const Headers::Field& field) noexcept {
    const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };
    if (field.name.size() == 4 && is("host")) {
        ++hosts;
        if (!is_host_field(field.value)) return refuse(Fault::bad_message, "a Host header that is not a host");
    } else if (field.name.size() == 6 && is("expect") && head.minor_version == 1) {  // else it is ignored
        head.has_expect = true;
        head.expects_continue |= equal_ignoring_case(field.value, "100-continue");
    } else if (field.name.size() == 10 && is("connection")) {
        note_connection(field.value);
    } else if (field.name.size() == 7 && is("upgrade")) {
        has_upgrade = true;
    } else if (field.name.size() == 14 && is("content-length")) {
        return note_length(field.value);
    } else if (field.name.size() == 17 && is("transfer-encoding")) {
        return note_coding(field.value);
    }
    return HPE_OK;
}

int Parser::Machine::note_length(std::string_view text) noexcept {
    if (head.content_length) return refuse(Fault::bad_message, "more than one Content-Length");
    if (head.chunked) return refuse(Fault::bad_message, "Content-Length beside Transfer-Encoding");
    head.content_length = parse_number(text);
    return head.content_length ? HPE_OK : refuse(Fault::bad_message, "a Content-Length that is not a number");
}

int Parser::Machine::note_coding(std::string_view coding) noexcept {
    if (head.chunked) return refuse(Fault::bad_message, "more than one Transfer-Encoding");
    if (coding.empty()) return refuse(Fault::bad_message, "a Transfer-Encoding without a coding");
    for (std::string_view rest = coding; rest.find(',') != std::string_view::npos;) {
        const std::string_view not_last = trimmed(take_until(rest, ','));
        if (!not_last.empty() && !equal_ignoring_case(not_last, "chunked")) continue;
        return refuse(Fault::bad_message, "a Transfer-Encoding with an empty coding, or with one after chunked");
    }
    if (!equal_ignoring_case(coding, "chunked")) {
        return refuse(Fault::unsupported_transfer_coding, "a Transfer-Encoding other than chunked");
    }
    if (head.content_length) return refuse(Fault::bad_message, "Content-Length beside Transfer-Encoding");
    if (head.minor_version == 0) return refuse(Fault::bad_message, "Transfer-Encoding in HTTP/1.0");
    head.chunked = true;
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

// What follows a head is read according to our own reading of the head, not according to llhttp.
void Parser::Machine::tell_framing() noexcept {
    if (head.chunked) parser.flags |= F_CHUNKED;
    if (!head.content_length) return;
    parser.flags |= F_CONTENT_LENGTH;
    parser.content_length = *head.content_length;
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
    tell_framing();
    head.keep_alive = !closes && (head.minor_version == 1 || persists);
    // HTTP/1.0 has no upgrade (RFC 9110 section 7.8).
    head.upgrade = head.minor_version == 1 && upgrades && has_upgrade;
    event = Event::head;
    return role == Role::requests ? request_head() : response_head();
}

int Parser::Machine::request_head() noexcept {
    if (const std::string_view why = target_problem(head.method, head.target); !why.empty()) {
        return refuse(Fault::bad_message, why);
    }
    if (hosts > 1) return refuse(Fault::bad_message, "more than one Host");
    if (hosts == 0 && head.minor_version == 1) return refuse(Fault::bad_message, "Host is missing");
    // Whether to change the protocol is the server's decision; until then the next bytes are another request.
    head.upgrade |= head.method == "CONNECT";
    complete = !has_body();
    return complete ? HPE_OK : HPE_PAUSED;
}

int Parser::Machine::response_head() noexcept {
    constexpr int kSkipBody = 1, kOtherProtocol = 2;  // what llhttp understands
    head.has_expect = head.expects_continue = false;
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

int Parser::Machine::body(const char* at, std::size_t size) noexcept {
    if (size == 0) return HPE_OK;
    if (!look(at)) return HPE_USER;
    mark = at + size;
    framing = 0;
    previous = 0;
    chunk = {at, size};
    ends_chunk = false;
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
