// What a request tells of its connection, and how it leaves HTTP.
#include <aio/base/error.hpp>
#include <aio/http/server/request.hpp>
#include <aio/io/ssl.hpp>

#include "http/server/exchange.hpp"
#include "http/server/request_state.hpp"

namespace aio::http {

bool Request::secure() const noexcept {
    return state_.exchange && state_.exchange->writer().stream()->filter() != nullptr;
}

bool Request::keep_alive() const noexcept {
    return state_.exchange ? state_.exchange->keep_alive() : state_.head->keep_alive;
}

Address Request::peername() const { return state_.exchange ? state_.exchange->writer().peername() : Address(); }
Address Request::sockname() const { return state_.exchange ? state_.exchange->writer().sockname() : Address(); }

ssl::SSLObject Request::ssl_object() const {
    if (!state_.exchange) throw RuntimeError("Request.ssl_object: a mocked request has no connection");
    return state_.exchange->writer().ssl_object();
}

Coro<Upgraded> Request::upgrade(Headers headers) {
    if (!state_.exchange) throw RuntimeError("Request.upgrade: a mocked request has no connection");
    Upgraded upgraded = state_.exchange->take_over(headers);
    co_await upgraded.writer.drain();
    co_return upgraded;
}

}  // namespace aio::http
