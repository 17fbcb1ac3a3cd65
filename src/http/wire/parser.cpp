#include "http/wire/parser.hpp"

#include "http/wire/syntax.hpp"

#include <array>
#include <cstring>
#include <exception>
#include <utility>

#include <llhttp.h>

namespace aio::http::wire {

static_assert(LLHTTP_VERSION_MAJOR == 8 && LLHTTP_STRICT_MODE == 1);

void Head::clear() noexcept {
    method = {};
    target.clear();
    status = 0;
    reason.clear();
    minor_version = 1;
    headers.clear();
    content_length.reset();
    chunked = expects_continue = upgrade = false;
    keep_alive = true;
}

namespace {

// The names of llhttp's methods, but not those of RTSP and of HTTP/2's preface.
constexpr auto kMethods = [] {
    std::array<std::string_view, HTTP_SOURCE + 1> names;
#define AIO_METHOD(number, name, string) \
    if (number < names.size() && HTTP_##name != HTTP_PRI) names[number] = #string;
    HTTP_METHOD_MAP(AIO_METHOD)
#undef AIO_METHOD
    return names;
}();

}  // namespace

struct Parser::Machine {
    Machine(Role role, const Limits& limits);

    Event next(std::string_view& data);
    Event finish();
    Event fail(Fault fault, std::string_view explanation) noexcept;

    // llhttp's callbacks: HPE_OK, HPE_PAUSED for an event, HPE_USER for a fault.
    int message_begin() noexcept;
    int url(std::string_view piece);
    int status(std::string_view piece);
    int field_name(std::string_view piece);
    int field_value(std::string_view piece);
    int field_complete();
    int headers_complete();
    int body(const char* at, std::size_t size) noexcept;
    int message_complete() noexcept;

    int refuse(Fault fault, std::string_view explanation) noexcept;
    int note_field(const Headers::Field& field) noexcept;
    int check_request() noexcept;
    bool check_framing(const char* end) noexcept;
    bool has_no_body() const noexcept;
    Event interrupted(llhttp_errno_t error) noexcept;

    template <auto Member>
    static int call(llhttp_t* parser) noexcept;
    template <auto Member>
    static int call_with(llhttp_t* parser, const char* at, std::size_t size) noexcept;
    static const llhttp_settings_t& settings() noexcept;

    llhttp_t parser;
    Role role;
    Limits limits;
    Head head;
    Headers trailers;
    std::string_view chunk;  // of Event::body
    std::string_view explanation;
    std::exception_ptr error;    // a callback ran out of memory
    const char* mark = nullptr;  // what is behind it, of the present data, check_framing() has not seen
    std::size_t framing = 0;     // bytes that are no body, in one stretch
    std::size_t fields = 0;
    std::size_t field_size = 0;
    unsigned hosts = 0;
    char previous = 0;  // the framing byte before mark
    Event event = Event::need_more;
    Fault fault = Fault::none;
    bool in_message = false;
    bool complete = false;
    bool no_body = false, tunnel = false;  // of the next response
    bool paused_in_body = false;           // the end may come without another byte
};

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
        return (machine.*Member)({at, size});
    } catch (...) {
        machine.error = std::current_exception();
        return HPE_USER;
    }
}

const llhttp_settings_t& Parser::Machine::settings() noexcept {
    static const llhttp_settings_t settings = [] {
        llhttp_settings_t s;
        llhttp_settings_init(&s);
        s.on_message_begin = call<&Machine::message_begin>;
        s.on_url = call_with<&Machine::url>;
        s.on_status = call_with<&Machine::status>;
        s.on_header_field = call_with<&Machine::field_name>;
        s.on_header_value = call_with<&Machine::field_value>;
        s.on_header_value_complete = call<&Machine::field_complete>;
        s.on_headers_complete = call<&Machine::headers_complete>;
        s.on_body = [](llhttp_t* parser, const char* at, std::size_t size) {
            return static_cast<Machine*>(parser->data)->body(at, size);
        };
        s.on_message_complete = call<&Machine::message_complete>;
        return s;
    }();
    return settings;
}

Parser::Machine::Machine(Role r, const Limits& l) : role(r), limits(l) {
    llhttp_init(&parser, role == Role::requests ? HTTP_REQUEST : HTTP_RESPONSE, &settings());
    parser.data = this;
}

// --- what llhttp tells ---------------------------------------------------------------------------------------

int Parser::Machine::refuse(Fault what, std::string_view why) noexcept {
    fail(what, why);
    return HPE_USER;
}

int Parser::Machine::message_begin() noexcept {
    head.clear();
    trailers.clear();
    in_message = true;
    complete = false;
    fields = field_size = 0;
    hosts = 0;
    return HPE_OK;
}

int Parser::Machine::url(std::string_view piece) {
    if (head.target.size() + piece.size() > limits.line) {
        return refuse(Fault::target_too_long, "the request's target is longer than the limit");
    }
    head.target += piece;
    return HPE_OK;
}

int Parser::Machine::status(std::string_view piece) {
    if (head.reason.size() + piece.size() > limits.line) {
        return refuse(Fault::fields_too_large, "the status line is longer than the limit");
    }
    head.reason += piece;
    return HPE_OK;
}

int Parser::Machine::field_name(std::string_view piece) {
    field_size += piece.size();
    if (field_size > limits.field) return refuse(Fault::fields_too_large, "a header's name is longer than the limit");
    (parser.flags & F_TRAILING ? trailers : head.headers).append_name(piece);
    return HPE_OK;
}

int Parser::Machine::field_value(std::string_view piece) {
    Headers& headers = parser.flags & F_TRAILING ? trailers : head.headers;
    field_size += piece.size();
    if (field_size > limits.field) return refuse(Fault::fields_too_large, "a header is longer than the limit");
    if (headers.text_size() + piece.size() > limits.head) {
        return refuse(Fault::fields_too_large, "the headers are longer than the limit in all");
    }
    if (!is_field_value(piece)) return refuse(Fault::bad_message, "a control character in a header's value");
    headers.append_value(piece);
    return HPE_OK;
}

int Parser::Machine::field_complete() {
    const bool trailing = parser.flags & F_TRAILING;
    field_size = 0;
    if (++fields > limits.fields) return refuse(Fault::fields_too_large, "more headers than the limit");
    const Headers::Field field = (trailing ? trailers : head.headers).finish_field();
    return trailing ? HPE_OK : note_field(field);
}

int Parser::Machine::note_field(const Headers::Field& field) noexcept {
    if (field.name.size() == 4 && equal_ignoring_case(field.name, "host")) {
        ++hosts;
    } else if (field.name.size() == 6 && equal_ignoring_case(field.name, "expect")) {
        head.expects_continue = equal_ignoring_case(field.value, "100-continue");
    } else if (field.name.size() == 17 && equal_ignoring_case(field.name, "transfer-encoding")) {
        if (head.chunked) return refuse(Fault::bad_message, "Transfer-Encoding is there twice");
        if (!equal_ignoring_case(field.value, "chunked")) {
            return refuse(Fault::unsupported_transfer_coding, "a Transfer-Encoding other than chunked");
        }
        head.chunked = true;
    }
    return HPE_OK;
}

int Parser::Machine::check_request() noexcept {
    if (parser.method >= kMethods.size() || kMethods[parser.method].empty()) {
        return refuse(Fault::bad_message, "no method of HTTP");
    }
    head.method = kMethods[parser.method];
    if (head.target.find('#') != std::string::npos) return refuse(Fault::bad_message, "a fragment in the target");
    if (hosts > 1 || (hosts == 0 && head.minor_version == 1)) {
        return refuse(Fault::bad_message, hosts ? "Host is there twice" : "Host is missing");
    }
    return HPE_OK;
}

bool Parser::Machine::has_no_body() const noexcept {
    if (parser.flags & F_SKIPBODY || no_body) return true;
    return !(parser.flags & F_CHUNKED) && parser.content_length == 0 && !llhttp_message_needs_eof(&parser);
}

int Parser::Machine::headers_complete() {
    if (parser.http_major != 1 || parser.http_minor > 1) {
        return refuse(Fault::unsupported_version, "a version other than HTTP/1.0 and HTTP/1.1");
    }
    head.minor_version = parser.http_minor;
    if (head.chunked && head.minor_version == 0) {
        return refuse(Fault::bad_message, "Transfer-Encoding in HTTP/1.0");
    }
    if (parser.flags & F_CONTENT_LENGTH) head.content_length = parser.content_length;
    head.upgrade = parser.upgrade;
    if (role == Role::requests) {
        if (const int refused = check_request()) return refused;
        // Whether to change the protocol is the server's decision; until then the next bytes are another request.
        parser.upgrade = 0;
        head.keep_alive = llhttp_should_keep_alive(&parser);
        event = Event::head;
        complete = has_no_body();
        return complete ? HPE_OK : HPE_PAUSED;
    }
    head.status = parser.status_code;
    const bool is_final = head.status >= 200;
    const bool tunnels = tunnel && head.status / 100 == 2;
    if (tunnels || head.status == 101) head.upgrade = true;
    const bool skip = is_final && no_body;
    event = Event::head;
    complete = skip || tunnels || head.status == 101 || has_no_body();
    if (skip) parser.flags |= F_SKIPBODY;
    head.keep_alive = llhttp_should_keep_alive(&parser);
    if (is_final) no_body = tunnel = false;
    if (tunnels || head.status == 101) return 2;  // and then llhttp pauses
    return skip ? 1 : complete ? HPE_OK : HPE_PAUSED;
}

int Parser::Machine::body(const char* at, std::size_t size) noexcept {
    if (size == 0) return HPE_OK;
    if (!check_framing(at)) return HPE_USER;
    mark = at + size;
    framing = 0;
    previous = 0;
    chunk = {at, size};
    event = Event::body;
    paused_in_body = true;
    return HPE_PAUSED;
}

int Parser::Machine::message_complete() noexcept {
    if (event != Event::head) event = Event::end;
    in_message = false;
    return HPE_PAUSED;
}

// --- what llhttp does not look at ----------------------------------------------------------------------------

// Every line ends with CR LF, and none begins with white space, from mark up to `end`.
bool Parser::Machine::check_framing(const char* end) noexcept {
    const auto size = static_cast<std::size_t>(end - mark);
    if (size == 0) return true;
    framing += size;
    if (framing > limits.head + limits.line + 4 * limits.fields + 64) {
        return fail(Fault::fields_too_large, "lines longer than the limit"), false;
    }
    if (previous == '\n' && (*mark == ' ' || *mark == '\t')) {
        return fail(Fault::bad_message, "a line that begins with white space (obs-fold)"), false;
    }
    for (const char* p = mark;
         (p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p))));) {
        if ((p == mark ? previous : p[-1]) != '\r') return fail(Fault::bad_message, "LF without CR"), false;
        if (++p == end) break;
        if (*p == ' ' || *p == '\t') {
            return fail(Fault::bad_message, "a line that begins with white space (obs-fold)"), false;
        }
    }
    previous = end[-1];
    mark = end;
    return true;
}

// --- from calls to events --------------------------------------------------------------------------------------

Event Parser::Machine::fail(Fault what, std::string_view why) noexcept {
    if (fault == Fault::none) {
        fault = what;
        explanation = why;
    }
    return event = Event::fault;
}

Event Parser::Machine::interrupted(llhttp_errno_t code) noexcept {
    if (fault != Fault::none) return Event::fault;
    const char* reason = llhttp_get_error_reason(&parser);
    const std::string_view why = reason ? reason : "";
    if (code == HPE_CLOSED_CONNECTION) return fail(Fault::unexpected_data, why);
    if (code == HPE_INVALID_VERSION || code == HPE_PAUSED_H2_UPGRADE) return fail(Fault::unsupported_version, why);
    return fail(Fault::bad_message, why);
}

Event Parser::Machine::next(std::string_view& data) {
    if (fault != Fault::none) return Event::fault;
    if (data.empty() && !paused_in_body) return Event::need_more;
    event = Event::need_more;
    paused_in_body = false;
    mark = data.data();
    const llhttp_errno_t code = llhttp_execute(&parser, data.data(), data.size());
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
    const char* const end = code == HPE_OK ? data.data() + data.size() : llhttp_get_error_pos(&parser);
    if (code == HPE_PAUSED) {
        llhttp_resume(&parser);
    } else if (code == HPE_PAUSED_UPGRADE) {
        llhttp_resume_after_upgrade(&parser);
    } else if (code != HPE_OK) {
        return interrupted(code);
    }
    if (!check_framing(end)) return Event::fault;
    data.remove_prefix(static_cast<std::size_t>(end - data.data()));
    if (!in_message || event == Event::end) framing = 0, previous = 0;
    return event;
}

Event Parser::Machine::finish() {
    if (fault != Fault::none) return Event::fault;
    event = Event::need_more;
    const llhttp_errno_t code = llhttp_finish(&parser);
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
    if (event == Event::end) return event;
    if (code != HPE_OK || in_message) return fail(Fault::unexpected_end, "the connection ended within a message");
    return Event::need_more;
}

// ---------------------------------------------------------------------------------------------------------------

Parser::Parser(Role role, const Limits& limits) : machine_(std::make_unique<Machine>(role, limits)) {}
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;
Parser::~Parser() = default;

Event Parser::next(std::string_view& data) { return machine_->next(data); }
Event Parser::finish() { return machine_->finish(); }
Head& Parser::head() noexcept { return machine_->head; }
bool Parser::complete() const noexcept { return machine_->complete; }
std::string_view Parser::body() const noexcept { return machine_->chunk; }
Headers& Parser::trailers() noexcept { return machine_->trailers; }
bool Parser::in_message() const noexcept { return machine_->in_message; }
Fault Parser::fault() const noexcept { return machine_->fault; }
std::string_view Parser::explanation() const noexcept { return machine_->explanation; }
void Parser::expect_no_body() noexcept { machine_->no_body = true; }
void Parser::expect_tunnel() noexcept { machine_->tunnel = true; }

}  // namespace aio::http::wire
