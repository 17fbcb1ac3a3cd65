// The parser's loop: start line, llhttp or chunk line; the checks that llhttp omits; chunks; faults.
// parser_callbacks.cpp checks fields and framing; start_line.cpp and chunk_line.cpp read their lines;
// parser_machine.hpp explains the division.
#include "http/wire/llhttp_execute.hpp"
#include "http/wire/parser_machine.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace aio::http::wire {

namespace {

// Before a request. RFC 9112 section 2.2 allows for one, which old clients send behind a body.
constexpr unsigned kMostBlankLines = 8;

// Reserved at once: a connection's first message would otherwise reach it by several reallocations.
constexpr std::size_t kUsualHeaderText = 512, kUsualHeaders = 16;

// The most bytes of sizes and extensions, beyond 16 bytes for each chunk and twice the data in it: otherwise a peer
// could keep us busy with hardly any data (CVE-2023-39326).
constexpr std::size_t kMostOverhead = 16 * 1024;
constexpr std::size_t kUsualOverhead = 16;

const char* find_lf(const char* begin, const char* end) noexcept {
    const void* lf = std::memchr(begin, '\n', static_cast<std::size_t>(end - begin));
    return lf ? static_cast<const char*>(lf) : end;
}

}  // namespace

void Head::clear() noexcept {
    method = {};
    target.clear();
    status = 0;
    reason.clear();
    minor_version = 1;
    headers.clear();
    content_length.reset();
    chunked = has_expect = expects_continue = upgrade = false;
    keep_alive = true;
}

// --- what llhttp does not check ------------------------------------------------------------------------------

// Checks the text between mark and `end`: every line ends with CR LF, and only lines of responses may begin with white
// space, since user agents must accept obs-fold (RFC 9112 section 5.2).
bool Parser::Machine::look(const char* end) noexcept {
    const char* begin = std::exchange(mark, end);
    if (begin == end) return true;
    const std::size_t most = limits.head + limits.line + 4 * limits.fields + 64;
    const auto size = static_cast<std::size_t>(end - begin);
    const bool too_long = size > most - framing;
    if (too_long) end = begin + (most - framing);
    framing += size;
    if (begin != end) {
        bool is_folded = previous == '\n' && is_blank(*begin);
        for (const char* p = begin; (p = find_lf(p, end)) != end;) {
            if ((p == begin ? previous : p[-1]) != '\r') return fail(Fault::bad_message, "LF without CR"), false;
            if (++p == end) break;
            is_folded |= is_blank(*p);
        }
        if (is_folded && role == Role::requests) {
            return fail(Fault::bad_message, "a line that begins with white space (obs-fold)"), false;
        }
        previous = end[-1];
    }
    if (too_long) return fail(Fault::fields_too_large, "lines longer than the limit"), false;
    return true;
}

// Before requests. False: all data are used up, or there is a fault.
bool Parser::Machine::skip_blank_lines(std::string_view& data) noexcept {
    while (!data.empty() && (blank_line_begun || data.front() == '\r' || data.front() == '\n')) {
        const bool is_lf = data.front() == '\n';
        if (is_lf != blank_line_begun || role == Role::responses) {
            return fail(Fault::bad_message, is_lf ? "LF without CR" : "CR without LF"), false;
        }
        blank_line_begun = !is_lf;
        data.remove_prefix(1);
        if (is_lf && ++blank_lines > kMostBlankLines) {
            return fail(Fault::bad_message, "too many blank lines before a request"), false;
        }
    }
    return !data.empty();
}

bool Parser::Machine::begin_message(std::string_view& data) {
    if (!(last && head.upgrade) && !skip_blank_lines(data)) return false;
    if (last) return fail(Fault::unexpected_data, "data after the last message of a connection"), false;
    stage = Stage::start_line;
    head.clear();
    head.headers.reserve(kUsualHeaders, kUsualHeaderText);
    trailers.clear();
    start_line.begin();
    framing = overhead = fields = 0;
    blank_lines = hosts = 0;
    complete = in_body = closes = persists = upgrades = has_upgrade = false;
    in_message = true;
    return true;
}

// --- chunks ----------------------------------------------------------------------------------------------------

// llhttp is told that the last chunk has come.
void Parser::Machine::begin_trailers() noexcept {
    constexpr std::string_view kLastChunk = "0\r\n";
    execute(parser, kLastChunk.data(), kLastChunk.data() + kLastChunk.size());
    stage = Stage::llhttp;
    framing = 0;
    previous = '\n';
}

// A piece of a chunk's data; need_more with Stage::llhttp: the trailers follow.
Event Parser::Machine::next_chunk(std::string_view& data) noexcept {
    if (chunk_left == 0) {
        const std::size_t room = kMostOverhead + kUsualOverhead - overhead - framing;
        std::string_view text = data.substr(0, room);
        const std::size_t before = text.size();
        const ChunkLine::Result result = chunk_line.take(text);
        if (result == ChunkLine::Result::fault) return fail(Fault::bad_message, chunk_line.explanation());
        const std::size_t taken = before - text.size();
        framing += taken;
        data.remove_prefix(taken);
        if (result == ChunkLine::Result::more) {
            return data.empty() ? event : fail(Fault::fields_too_large, "chunks that carry too little");
        }
        if (chunk_line.size() == 0) return begin_trailers(), event;
        chunk_left = chunk_line.size();
    }
    if (data.empty()) return event;
    chunk = data.substr(0, chunk_left);
    data.remove_prefix(chunk.size());
    chunk_left -= chunk.size();
    ends_chunk = chunk_left == 0;
    if (ends_chunk) chunk_line.begin_behind_data();
    if (framing > 0) overhead = std::max(overhead + framing, kUsualOverhead) - kUsualOverhead;
    overhead = std::max(overhead, 2 * chunk.size()) - 2 * chunk.size();
    framing = 0;
    return event = Event::body;
}

// --- from calls to events --------------------------------------------------------------------------------------

Event Parser::Machine::fail(Fault what, std::string_view why) noexcept {
    if (fault == Fault::none) {
        fault = what;
        explanation = why;
    }
    return event = Event::fault;
}

// llhttp does not report the part of a target, name or value before a byte that it refuses, if both are in the same
// piece. That part may exceed a limit, which is then the first fault.
void Parser::Machine::tell_rest_of_span(const char* end) noexcept {
    using Tell = int (*)(llhttp_t*, const char*, const char*);
    const auto* const begin = static_cast<const char*>(std::exchange(parser._span_pos0, nullptr));
    if (begin && begin < end) reinterpret_cast<Tell>(parser._span_cb0)(&parser, begin, end);
}

Event Parser::Machine::interrupted() noexcept {
    if (fault != Fault::none || !look(llhttp_get_error_pos(&parser))) return Event::fault;
    if (pending != Fault::none) return fail(pending, pending_explanation);
    const char* const reason = llhttp_get_error_reason(&parser);
    return fail(Fault::bad_message, reason ? reason : "this is not HTTP");
}

Event Parser::Machine::next(std::string_view& data) {
    if (fault != Fault::none) return Event::fault;
    event = Event::need_more;
    if (!in_message && (data.empty() || !begin_message(data))) return event;
    if (stage == Stage::start_line) {
        switch (start_line.take(data, head)) {
            case StartLine::Result::more: return event;
            case StartLine::Result::fault: return fail(start_line.fault(), start_line.explanation());
            case StartLine::Result::done: begin_fields();
        }
    } else if (stage == Stage::chunks) {
        next_chunk(data);
        if (stage == Stage::chunks) return event;
    }
    return data.empty() && !in_body ? event : next_of_llhttp(data);
}

Event Parser::Machine::next_of_llhttp(std::string_view& data) {
    in_body = false;
    const char* const begin = data.data() ? data.data() : "";  // llhttp takes null for no place at all
    mark = begin;
    if (fields_begin) fields_begin = fields_end = begin;
    const llhttp_errno_t code = execute(parser, begin, begin + data.size());
    const char* const end = code == HPE_OK ? begin + data.size() : llhttp_get_error_pos(&parser);
    if (code != HPE_OK && code != HPE_PAUSED && code != HPE_USER) tell_rest_of_span(end);
    if (error) {
        fail(Fault::bad_message, "out of memory");
        std::rethrow_exception(std::exchange(error, nullptr));
    }
    if (code == HPE_PAUSED) {
        llhttp_resume(&parser);
    } else if (code != HPE_OK) {
        return interrupted();
    }
    if (!look(end)) return event;
    if (event == Event::head) {
        framing = 0;
        chunk_left = 0;
        chunk_line.begin();
        if (head.chunked && !complete) stage = Stage::chunks;
    }
    if (fields_begin) keep_fields(end);
    data.remove_prefix(static_cast<std::size_t>(end - begin));
    return event;
}

Event Parser::Machine::finish() {
    if (fault != Fault::none) return Event::fault;
    event = Event::need_more;
    if (!in_message) return event;
    if (stage == Stage::llhttp) {
        mark = "";
        // On from where it was paused, to a body that begins, or an end that needs no byte.
        execute(parser, mark, mark);
        if (event != Event::end) llhttp_finish(&parser);  // of a body without a length it makes a message
    }
    return event == Event::end ? event : fail(Fault::unexpected_end, "the connection ended within a message");
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
bool Parser::body_ends_chunk() const noexcept { return machine_->ends_chunk; }
Headers& Parser::trailers() noexcept { return machine_->trailers; }
const Headers& Parser::trailers() const noexcept { return machine_->trailers; }
bool Parser::in_message() const noexcept { return machine_->in_message; }
bool Parser::may_rest() const noexcept {
    const Machine& m = *machine_;
    return !m.in_message && !m.last && m.fault == Fault::none && m.blank_lines == 0 && !m.blank_line_begun;
}
Fault Parser::fault() const noexcept { return machine_->fault; }
std::string_view Parser::explanation() const noexcept { return machine_->explanation; }
void Parser::expect_no_body() noexcept { machine_->no_body = true; }
void Parser::expect_tunnel() noexcept { machine_->tunnel = true; }

}  // namespace aio::http::wire
