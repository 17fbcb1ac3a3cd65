// MessageReader: the parser's events, awaited.
#include "http/message_reader.hpp"

#include <utility>

namespace aio::http::detail {

using wire::Event;

MessageReader::MessageReader(StreamReader stream, wire::Parser::Role role, const wire::Limits& limits)
    : stream_(std::move(stream)), parser_(role, limits), head_(parser_.head()) {}

void MessageReader::fail() { throw WireError(parser_.fault(), parser_.explanation()); }

bool MessageReader::take_head() {
    Event event = parser_.next(rest_);
    // Of a message that was not read to its end.
    while (event == Event::body || event == Event::end) event = parser_.next(rest_);
    if (event == Event::head) done_ = parser_.complete();
    return event == Event::head;
}

Coro<bool> MessageReader::read_head() {
    while (!take_head()) {
        if (parser_.fault() != wire::Fault::none) fail();
        if (watch_) watch_->about_to_read();
        rest_ = co_await stream_.read_view(kMostAtOnce);
        if (rest_.empty()) {
            if (parser_.finish() == Event::fault) fail();
            co_return false;
        }
    }
    co_return true;
}

Coro<std::string_view> MessageReader::next_piece() {
    while (!done_) {
        switch (parser_.next(rest_)) {
            case Event::body: co_return parser_.body();
            case Event::end: done_ = true; continue;
            case Event::fault: fail();
            case Event::head:
            case Event::need_more: break;
        }
        if (watch_) watch_->about_to_read();
        rest_ = co_await stream_.read_view(kMostAtOnce);
        if (!rest_.empty()) continue;
        if (parser_.finish() == Event::fault) fail();
        done_ = true;
    }
    co_return std::string_view();
}

const Headers* MessageReader::trailers() const noexcept {
    const Headers& trailers = parser_.trailers();
    return trailers.empty() ? nullptr : &trailers;
}

}  // namespace aio::http::detail
