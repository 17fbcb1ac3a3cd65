// What a wire::Parser consists of: the start line, llhttp for header fields and bodies, chunk lines, and what is looked at
// besides.
#pragma once

#include "http/wire/chunk_line.hpp"
#include "http/wire/parser.hpp"
#include "http/wire/start_line.hpp"

#include <exception>

#include <llhttp.h>

namespace aio::http::wire {

static_assert(LLHTTP_VERSION_MAJOR == 8 && LLHTTP_STRICT_MODE == 1);

// llhttp splits header fields and trailers, and counts the bytes of bodies with a length. What it does with start lines,
// chunk lines and the fields that frame a message does not do for us (methods of a table; no tab behind a length; no
// quoted pair): it begins behind the start line, hears of no field's meaning, and sees of chunks only the last line.
//
// llhttp stops at none of these, in its strict mode: a bare LF in the blank line behind the headers; obs-fold; empty names
// of headers; bodies of 204, 304 and 1xx. Nor does it know limits. It reports what it finds when it finds it, so that of
// two faults in one piece of data we might see the later one first: everything before a fault is looked at before it
// counts, and so the first fault is the one, however the data were cut.

struct Parser::Machine {
    Machine(Role role, const Limits& limits);

    Event next(std::string_view& data);
    Event finish();
    Event fail(Fault fault, std::string_view explanation) noexcept;

    // llhttp's callbacks: HPE_OK, HPE_PAUSED for an event, HPE_USER for a fault.
    int field_name(const char* at, std::size_t size) noexcept;
    int field_value(const char* at, std::size_t size) noexcept;
    int field_complete();
    int headers_complete();
    int body(const char* at, std::size_t size) noexcept;
    int message_complete();

    int refuse(Fault fault, std::string_view explanation) noexcept;
    int refuse_at(const char* at, Fault fault, std::string_view explanation) noexcept;
    int take_field_text(const char* at, std::size_t size, Headers::Place& place) noexcept;
    void keep_fields(const char* end);
    void begin_field() noexcept;
    void end_fields();
    int note_field(const Headers::Field& field) noexcept;
    int note_length(std::string_view value) noexcept;
    int note_coding(std::string_view value) noexcept;
    void note_connection(std::string_view value) noexcept;
    void tell_framing() noexcept;
    int request_head() noexcept;
    int response_head() noexcept;
    bool has_body() const noexcept;

    bool begin_message(std::string_view& data);
    bool skip_blank_lines(std::string_view& data) noexcept;
    bool look(const char* end) noexcept;
    void begin_fields() noexcept;
    void begin_trailers() noexcept;
    Event next_chunk(std::string_view& data) noexcept;
    Event next_of_llhttp(std::string_view& data);
    void tell_rest_of_span(const char* end) noexcept;
    Event interrupted() noexcept;

    template <auto Member>
    static int call(llhttp_t* parser) noexcept;
    template <auto Member>
    static int call_with(llhttp_t* parser, const char* at, std::size_t size) noexcept;
    static const llhttp_settings_t kSettings;
    static constexpr Headers::Place kNowhere{~0u, 0};

    Headers& headers() noexcept { return parser.flags & F_TRAILING ? trailers : head.headers; }

    llhttp_t parser;
    Role role;
    Limits limits;
    Head head;
    Headers trailers;
    StartLine start_line;
    ChunkLine chunk_line;
    std::string_view chunk;  // of Event::body
    std::string_view explanation, pending_explanation;
    std::exception_ptr error;      // a callback ran out of memory
    const char* mark = nullptr;    // what is behind it, of the present data, look() has not seen
    std::size_t framing = 0;       // bytes that are no body, in one stretch, behind the start line
    std::size_t overhead = 0;      // of chunks, beyond what is usual
    std::uint64_t chunk_left = 0;  // of its data
    std::size_t fields = 0;
    const char* fields_begin = nullptr;  // of the present data: text of fields that is not in headers() yet
    const char* fields_end = nullptr;    // of the last name or value
    Headers::Place name, value;          // of the unfinished field
    std::size_t field_room = 0;          // what it may still have
    std::size_t head_room = 0;           // the same of all headers together
    unsigned blank_lines = 0;
    unsigned hosts = 0;
    char previous = 0;  // the framing byte before mark
    // Who reads: start_line; llhttp; chunk_line and next_chunk().
    enum class Stage : std::uint8_t { start_line, llhttp, chunks } stage = Stage::start_line;
    Event event = Event::need_more;
    Fault fault = Fault::none, pending = Fault::none;
    bool in_message = false;
    bool complete = false;
    bool last = false;                                        // no other message may follow
    bool blank_line_begun = false;                            // its CR came
    bool no_body = false;                                     // of the next response
    bool tunnel = false;                                      // the same
    bool in_body = false;                                     // its end may come without another byte
    bool ends_chunk = false;                                  // chunk does
    bool closes = false, persists = false, upgrades = false;  // Connection lists it
    bool has_upgrade = false;                                 // there is an Upgrade
};

}  // namespace aio::http::wire
