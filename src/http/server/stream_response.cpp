// prepare(), write() and write_eof() check the order of calls and forward to the request's exchange: exchange.cpp has
// the chunks and the compression, and checks the size against Content-Length.
#include <aio/base/error.hpp>
#include <aio/http/server/request.hpp>
#include <aio/http/server/stream_response.hpp>

#include "http/server/application_state.hpp"
#include "http/server/exchange.hpp"
#include "http/server/request_state.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http {

namespace {

detail::Exchange& begun(detail::Exchange* exchange, const char* function) {
    if (!exchange) throw RuntimeError(std::string(function) + ": call prepare() first");
    return *exchange;
}

}  // namespace

Coro<> StreamResponse::prepare(Request& request) {
    detail::Exchange* exchange = request.state().exchange;
    if (!exchange) throw RuntimeError("StreamResponse.prepare: a mocked request has no connection");
    if (exchange_) co_return;
    if (exchange->head_sent())
        throw RuntimeError("StreamResponse.prepare: this request has got its response already");
    for (const auto* signal : request.app().state().prepare_signals) co_await signal->send(request, *this);
    std::optional<std::uint64_t> size;
    if (const auto length = headers().get("Content-Length")) {
        size = wire::parse_number(*length);
        if (!size) throw ValueError("StreamResponse: the Content-Length '" + std::string(*length) + "' is no number");
    }
    exchange->begin_stream(*this, size);
    extra().sent = true;
    exchange_ = exchange;
    co_await exchange->writer().drain();
}

aio::detail::Drain StreamResponse::write(std::string_view data) {
    detail::Exchange& exchange = begun(exchange_, "StreamResponse.write");
    exchange.write(data);
    return exchange.writer().drain();
}

aio::detail::Drain StreamResponse::write_eof() {
    detail::Exchange& exchange = begun(exchange_, "StreamResponse.write_eof");
    exchange.finish();
    return exchange.writer().drain();
}

aio::detail::Drain StreamResponse::write_eof(const Headers& trailers) {
    detail::Exchange& exchange = begun(exchange_, "StreamResponse.write_eof");
    exchange.finish(&trailers);
    return exchange.writer().drain();
}

}  // namespace aio::http
