// traceparent and tracestate, read and written. server/trace_context_middleware.cpp takes them in,
// client/send_trace_context.cpp sends them on.
#include <aio/http/trace_context.hpp>

#include "http/wire/random.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace aio::http {

const ContextVar<std::optional<SpanContext>> span_context("aio::http::span_context", std::nullopt);

namespace {

constexpr std::size_t kTraceBytes = 16, kSpanBytes = 8;
constexpr std::size_t kLength = 55;  // of a traceparent of version 00
constexpr std::size_t kMostState = 512, kMostMembers = 32, kLongestPart = 256;
constexpr wire::CharSet kKeyChars = wire::CharSet().with("abcdefghijklmnopqrstuvwxyz0123456789_-*/@");

bool is_hex(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return wire::is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) noexcept { return text.find_first_not_of('0') == std::string_view::npos; }

bool is_member(std::string_view key, std::string_view value) noexcept {
    if (key.empty() || key.size() > kLongestPart || !kKeyChars.has_all(key)) return false;
    if (!wire::is_digit(key.front()) && !(key.front() >= 'a' && key.front() <= 'z')) return false;
    if (value.empty() || value.size() > kLongestPart) return false;
    return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

// Source: section 3.3.1. A key may occur once.
bool is_tracestate(std::string_view text) {
    if (text.size() > kMostState) return false;
    std::vector<std::string_view> keys;
    while (!text.empty()) {
        std::string_view value = wire::trimmed(wire::take_until(text, ','));
        if (value.empty()) continue;
        const std::size_t equals = value.find('=');
        if (equals == std::string_view::npos) return false;
        const std::string_view key = value.substr(0, equals);
        if (!is_member(key, value.substr(equals + 1))) return false;
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) return false;
        keys.push_back(key);
    }
    return keys.size() <= kMostMembers;
}

}  // namespace

SpanContext SpanContext::begin(std::uint8_t flags) {
    SpanContext span;
    do {
        span.trace_id = wire::random_hex(kTraceBytes);
    } while (is_zero(span.trace_id));
    span.flags = flags;
    SpanContext first = span.child();
    first.parent_id.clear();
    return first;
}

SpanContext SpanContext::child() const {
    SpanContext span = *this;
    span.parent_id = span_id;
    do {
        span.span_id = wire::random_hex(kSpanBytes);
    } while (is_zero(span.span_id));
    return span;
}

// Of later versions, what version 00 has counts, and what follows it after a "-" does not (section 4.3).
std::optional<SpanContext> SpanContext::parse(std::string_view traceparent, std::string_view tracestate) {
    if (traceparent.size() < kLength) return std::nullopt;
    const std::string_view version = traceparent.substr(0, 2), trace = traceparent.substr(3, 32),
                           span = traceparent.substr(36, 16), flags = traceparent.substr(53, 2);
    if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return std::nullopt;
    if (!is_hex(version) || !is_hex(trace) || !is_hex(span) || !is_hex(flags) || version == "ff") return std::nullopt;
    if (traceparent.size() > kLength && (version == "00" || traceparent[kLength] != '-')) return std::nullopt;
    if (is_zero(trace) || is_zero(span)) return std::nullopt;
    SpanContext context;
    context.trace_id = trace;
    context.span_id = span;
    context.flags =
        static_cast<std::uint8_t>(wire::parse_number<unsigned>(flags, 16).value_or(0) & (kSampled | kRandom));
    if (is_tracestate(tracestate)) context.tracestate = tracestate;
    return context;
}

std::string SpanContext::traceparent() const {
    std::string text = "00-" + trace_id + "-" + span_id + "-";
    wire::append_hex(text, static_cast<char>(flags));
    return text;
}

}  // namespace aio::http
