// Distributed tracing: which trace a request belongs to, from the client that began it to the last service that it
// reaches (W3C Trace Context).
//
//     app.add_middleware(trace_context_middleware());                        // takes traceparent in
//     ClientSession session({.middlewares = {send_trace_context}});          // sends it on
//     ...
//     log("charged", span_context.get()->trace_id);                          // in a handler
//
// The server gives each request a span id of its own below the client's; requests that a handler makes with such a session
// have it as their parent. Without a valid traceparent a new trace begins. Nothing is sent by other sessions: trace ids
// are nothing for strangers.
//
// Source: W3C Trace Context, Recommendation of 23 November 2021, sections 2 to 4; of level 2, the random flag.
#pragma once

#include <aio/core/context.hpp>
#include <aio/core/coro.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http {

// The place of one piece of work in its trace.
struct SpanContext {
    static constexpr std::uint8_t kSampled = 1;  // the caller may have recorded its part
    static constexpr std::uint8_t kRandom = 2;   // the trace id is random

    std::string trace_id;    // 32 lower-case hexadecimal digits, the same in all of a trace
    std::string span_id;     // 16 of them: of this piece
    std::string parent_id;   // the span that caused it; "" in the first one
    std::uint8_t flags = 0;  // kSampled, kRandom
    std::string tracestate;  // what vendors add; passed on unchanged

    SpanContext() = default;
    // The first span of a new trace, or a span below this one. Errors: OSError when the system has no random numbers.
    static SpanContext begin(std::uint8_t flags = kRandom);
    SpanContext child() const;
    // The caller's span: its headers' values. nullopt: `traceparent` is not valid. A tracestate that is not valid, or
    // longer than 512 bytes, is left out.
    static std::optional<SpanContext> parse(std::string_view traceparent, std::string_view tracestate = {});

    bool sampled() const noexcept { return flags & kSampled; }
    // "00-<trace id>-<span id>-01": the header traceparent.
    std::string traceparent() const;

    bool operator==(const SpanContext&) const = default;
};

// The span of the request that this task serves, or was started by; nullopt elsewhere.
extern const ContextVar<std::optional<SpanContext>> span_context;

}  // namespace aio::http
