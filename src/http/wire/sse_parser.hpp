// Server-sent events: bytes in, events out; and back.
//
// A stream of events is UTF-8 text. Lines end with CR LF, LF or CR; an empty line dispatches the event whose fields came
// before it. What follows the last empty line is no event.
//
// Source: HTML Living Standard, sections 9.2.5 (parsing) and 9.2.6 (interpreting an event stream), November 2024.
#pragma once

#include <aio/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

// An event as its stream has it.
struct SSEEvent {
    std::string type;  // empty: "message"
    std::string data;  // without the last line end
    std::string last_event_id;

    SSEEvent() = default;
};

// An event, or a line of one, is longer than it may be.
class SSELimitError : public Error {
public:
    explicit SSELimitError(std::size_t limit);
    std::size_t limit() const noexcept { return limit_; }

private:
    std::size_t limit_;
};

class SSEParser {
public:
    // `max_event_size`: of an event's type, id and data together in bytes, the last line end excluded; a single line may
    // be longer by kLineExtra.
    explicit SSEParser(std::size_t max_event_size) noexcept : limit_(max_event_size) {}
    static constexpr std::size_t kLineExtra = 16;  // the name of a field, its colon and space

    // Takes bytes off `input` up to the end of the next event. Nothing: all of `input` was used, and more is needed.
    // Errors: SSELimitError, and then at every call until restart(); std::bad_alloc.
    std::optional<SSEEvent> read(std::string_view& input);

    // Another stream begins, after the connection was lost: only the id and the reconnection time are remembered.
    void restart() noexcept;

    // The id of the last event; what a client sends as Last-Event-ID when it connects again.
    const std::string& last_event_id() const noexcept { return last_event_id_; }
    void set_last_event_id(std::string id) { id_ = last_event_id_ = std::move(id); }
    // The last "retry:" in milliseconds, at most 2^64-1; nothing: there was none.
    std::optional<std::uint64_t> retry_ms() const noexcept { return retry_ms_; }

private:
    void skip_mark(std::string_view& input);
    std::optional<SSEEvent> end_line(std::string_view line);
    void keep_part(std::string_view part);
    void take_field(std::string_view name, std::string_view value);
    std::optional<SSEEvent> dispatch();
    void check(std::size_t size, std::size_t extra = 0);

    std::size_t limit_;
    std::string line_;  // the part of a line that came before
    std::string type_, data_, id_, last_event_id_;
    std::optional<std::uint64_t> retry_ms_;
    std::size_t mark_ = 0;     // bytes of a byte order mark that came; kNoMark: the stream's first bytes are past
    bool after_cr_ = false;    // a LF belongs to the CR before it
    bool in_comment_ = false;  // the rest of this line does not matter
    bool too_large_ = false;
};

// Appends an event to `text`. Each line of `data` (CR LF, LF or CR end one) becomes a field of its own, so that a
// client joins them with LF. Without a type it is a "message"; without an id the last one stays.
// Errors: ValueError for a line end in `type` or `id`, and for a NUL in `id`, which clients ignore.
void append_sse_event(std::string& text, std::string_view data, std::string_view type,
                      std::optional<std::string_view> id, std::optional<std::uint64_t> retry_ms);
// Appends a comment, which clients ignore; each of its lines is one.
void append_sse_comment(std::string& text, std::string_view comment);

}  // namespace aio::http::wire
