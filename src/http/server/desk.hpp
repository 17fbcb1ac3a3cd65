// What it takes to serve a request: the parser, the request, its response. A connection has one from the first byte of a
// request until it has nothing to do; an idle one does without.
#pragma once

#include <aio/core/time.hpp>

#include "http/message_reader.hpp"
#include "http/server/exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aio::http::detail {

struct Desk {
    Desk(const StreamReader& reader, const wire::Limits& limits)
        : messages(reader, wire::Parser::Role::requests, limits), exchange(messages) {}
    Desk(const Desk&) = delete;

    // `received`: read already, valid until the next read.
    void attach(StreamReader& reader, StreamWriter& writer, std::string_view received) noexcept {
        messages.attach(reader, received);
        exchange.attach(reader, writer);
    }

    MessageReader messages;
    Exchange exchange;

    // What Connection has seen of the request, when it looked last.
    std::uint64_t bytes_before = 0;   // of its body
    std::uint64_t taken_before = 0;   // of its response: what the kernel took from the stream's buffer,
    std::size_t in_place_before = 0;  // and of what is sent in place
    // When it began; for the log.
    std::int64_t begun_at = 0;
    TimePoint began;
};

}  // namespace aio::http::detail
