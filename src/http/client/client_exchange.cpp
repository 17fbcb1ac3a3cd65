// One request and the head of its answer, on a connection of the pool.
#include <aio/base/error.hpp>
#include <aio/core/timeout.hpp>
#include <aio/http/errors.hpp>

#include "http/client/response_state.hpp"
#include "http/client/route.hpp"
#include "http/client/sending.hpp"
#include "http/decoded_body.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>

namespace aio::http::detail {

namespace {

// A body up to this size goes out with the head: no task for it.
constexpr std::size_t kInlineBody = 64 * 1024;

bool is_limit(const std::optional<Duration>& limit) noexcept { return limit && *limit > Duration(0); }

void write_head(std::string& text, const OutgoingRequest& request, const ClientRoute& route) {
    text.clear();
    text.append(request.method).append(" ");
    if (route.absolute_form()) text.append("http://").append(request.url.host_port());
    text.append(request.url.path_qs()).append(" HTTP/1.1\r\n");
    for (const auto& [name, value] : request.headers) wire::append_field(text, name, value);
    if (route.absolute_form()) route.proxy->append_fields(text);
    text.append("\r\n");
}

std::shared_ptr<Sending> make_sending(const OutgoingRequest& request, ClientConnection& connection, bool expects) {
    const Hop& hop = request.hop();
    auto sending = std::make_shared<Sending>(connection.reader, connection.writer);
    sending->plain = hop.payload->open();
    if (hop.spec->compress != wire::Coding::identity) {
        sending->packed = std::make_unique<EncodedBody>(*sending->plain, hop.spec->compress);
    }
    sending->chunked = request.headers.lists("Transfer-Encoding", "chunked");
    sending->left = wire::parse_number(request.headers.get("Content-Length", "")).value_or(0);
    if (expects) sending->go_ahead.emplace();
    if (!hop.tracers->empty()) {
        sending->tracers = hop.tracers->shared_from_this();
        sending->method = request.method;
        sending->url = request.url;
    }
    return sending;
}

// Writes the head, and the body if it is small; else returns what sends the body.
Coro<std::shared_ptr<Sending>> write_request(OutgoingRequest& request, const ClientRoute& route,
                                             ClientConnection& connection) {
    const Hop& hop = request.hop();
    const bool expects = hop.payload && wire::equal_ignoring_case(request.headers.get("Expect", ""), "100-continue");
    std::string& text = hop.session->scratch;
    write_head(text, request, route);
    std::optional<std::string_view> body;
    if (hop.payload && !expects && hop.spec->compress == wire::Coding::identity &&
        !request.headers.contains("Transfer-Encoding")) {
        body = hop.payload->text();
        if (body && body->size() > kInlineBody) body.reset();
    }
    if (body) text.append(*body);
    connection.writer.write(text);
    if (!hop.tracers->empty()) {
        const TraceRequestHeadersSent sent{request.method, request.url, request.headers};
        co_await hop.tracers->send(&TraceConfig::on_request_headers_sent, sent);
        if (body && !body->empty()) {
            const TraceRequestChunkSent chunk{request.method, request.url, *body};
            co_await hop.tracers->send(&TraceConfig::on_request_chunk_sent, chunk);
        }
    }
    if (!hop.payload || body) co_return nullptr;
    std::shared_ptr<Sending> sending = make_sending(request, connection, expects);
    start_sending(sending);
    co_return sending;
}

// The head of the final answer.
Coro<> read_answer(ClientConnection& connection, Sending* sending, const std::string& wanted) {
    while (true) {
        if (!co_await connection.messages.read_head()) {
            throw ServerDisconnectedError("Server disconnected: " + wanted +
                                          " closed the connection without a response");
        }
        const int status = connection.messages.head().status;
        if (status >= 200 || status == 101) co_return;
        if (status == 100 && sending) sending->proceed();
    }
}

// A server may switch to what it was asked for, and to nothing else (RFC 9110 section 15.2.2).
void check_switch(const OutgoingRequest& request, const wire::Head& head) {
    if (head.status != 101 || request.headers.contains("Upgrade")) return;
    throw ClientResponseError(head.status, "the server switched protocols, but the request had no Upgrade header",
                              std::make_shared<const Headers>(head.headers));
}

std::unique_ptr<ResponseState> make_response(OutgoingRequest& request, Lease lease,
                                             std::shared_ptr<Sending> sending) {
    const Hop& hop = request.hop();
    auto state = std::make_unique<ResponseState>(hop.session->shared_from_this());
    wire::Head& head = lease->messages.head();
    state->status = head.status;
    state->minor_version = head.minor_version;
    state->reason = std::move(head.reason);
    state->headers = hop.session->take_headers();
    std::swap(state->headers, head.headers);
    state->content_length = head.content_length;
    state->method = request.method;
    state->url = request.url;
    if (!request.url.fragment().empty()) {
        state->real_url = request.url;
        state->url = request.url.with_fragment("");
    }
    state->request_headers = hop.session->take_headers();
    if (hop.session->options.middlewares.empty()) {
        std::swap(state->request_headers, request.headers);
    } else {
        state->request_headers = request.headers;  // it may be sent once more
    }
    state->upgraded = head.status == 101;
    state->keep_alive = head.keep_alive && !head.upgrade && !state->request_headers.lists("Connection", "close");
    state->sending = std::move(sending);
    if (!hop.tracers->empty()) state->tracers = hop.tracers->shared_from_this();
    const bool ends_by_itself = head.content_length || head.chunked;
    const bool has_body = !lease->messages.done() && !state->upgraded && (ends_by_itself || hop.spec->read_until_eof);
    state->lease = std::move(lease);
    if (!has_body) {
        state->ended = true;
        if (!state->upgraded) state->finish();
        return state;
    }
    wire::DecoderLimits limits;
    if (hop.spec->extras) limits.max_size = hop.spec->extras->max_decompressed_size;
    state->open_body(hop.spec->auto_decompress, limits);
    return state;
}

Coro<ClientResponse> exchange(OutgoingRequest& request, const ClientRoute& route, Lease lease) {
    ClientConnection& connection = *lease.connection();
    const Hop& hop = request.hop();
    const std::optional<Duration>& sock_read = hop.spec->timeout.sock_read;
    std::shared_ptr<Sending> sending;
    std::exception_ptr failure;
    try {
        connection.begin_exchange(hop.total, is_limit(sock_read) ? sock_read : std::nullopt);
        if (request.method == "HEAD") connection.messages.parser().expect_no_body();
        if (hop.payload || !hop.tracers->empty()) {
            sending = co_await write_request(request, route, connection);
        } else {
            write_head(hop.session->scratch, request, route);
            connection.writer.write(hop.session->scratch);
        }
        co_await read_answer(connection, sending.get(), request.url.raw_host());
        check_switch(request, connection.messages.head());
        if (sending && sending->go_ahead && !sending->go_ahead->done())
            give_up(*sending);  // it does not want the body
    } catch (const CancelledError&) {
        failure = std::current_exception();
    } catch (...) {
        try {
            rethrow_as_client_error(sending.get(), Stage::head);
        } catch (...) {
            failure = std::current_exception();
        }
    }
    if (!failure) co_return ClientResponse(make_response(request, std::move(lease), std::move(sending)));
    connection.abort();
    if (sending) co_await give_up_and_wait(std::move(sending));
    std::rethrow_exception(failure);
}

// A place and a new connection, within the limits. `lease` has a place already, or none.
Coro<Lease> connect(const OutgoingRequest& request, const ClientRoute& route, Lease lease) {
    const Hop& hop = request.hop();
    Pool& pool = *hop.session->pool;
    const ClientTimeout& limits = hop.spec->timeout;
    const TimePoint start = get_running_loop().time();
    const TimePoint never = TimePoint::max();
    const TimePoint total = hop.total.value_or(never);
    TimePoint by = is_limit(limits.connect) ? std::min(total, start + *limits.connect) : total;
    Timeout limit(by == never ? std::nullopt : std::optional(by));
    limit.enter();
    std::exception_ptr failure;
    try {
        if (!lease) {
            std::string key;
            append_key(key, route);
            lease = co_await pool.acquire(std::move(key), *hop.tracers);
        }
        if (!lease.connection()) {
            if (is_limit(limits.sock_connect)) by = std::min(by, get_running_loop().time() + *limits.sock_connect);
            if (by != never) limit.reschedule(by);
            if (!hop.tracers->empty()) co_await hop.tracers->send(&TraceConfig::on_connection_create_start, {});
            lease.set_connection(co_await dial(pool, route, *hop.session, *hop.tracers));
            if (!hop.tracers->empty()) co_await hop.tracers->send(&TraceConfig::on_connection_create_end, {});
            if (pool.closed()) throw ClientConnectionError("the connector was closed");
        }
    } catch (...) {
        failure = std::current_exception();
    }
    try {
        limit.exit(failure);
    } catch (const TimeoutError&) {
        if (!limit.expired()) throw;
        if (by == total) {
            throw ServerTimeoutError("the request's total timeout has passed: no connection to " + route.wanted());
        }
        throw ConnectionTimeoutError("Connection timeout to host " + route.wanted());
    }
    co_return lease;
}

// Source: RFC 9110 section 9.2.2; QUERY by draft-ietf-httpbis-safe-method-w-body.
bool is_idempotent(std::string_view method) noexcept {
    static constexpr std::string_view kMethods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"};
    return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

}  // namespace

Coro<ClientResponse> transmit(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    const ClientRoute route = find_route(request.url, hop);
    Pool& pool = *hop.session->pool;
    bool retried = false;
    while (true) {
        std::string& key = hop.session->key;
        key.clear();
        append_key(key, route);
        Lease lease = pool.try_acquire(key);
        // One that was kept died just now: the others may have, too.
        if (retried && lease.connection()) lease.renew();
        if (!lease.connection()) lease = co_await connect(request, route, std::move(lease));
        const bool reused = lease->requests > 0;
        if (reused && !hop.tracers->empty()) co_await hop.tracers->send(&TraceConfig::on_connection_reuseconn, {});
        std::exception_ptr failure;
        try {
            co_return co_await exchange(request, route, std::move(lease));
        } catch (const ClientOSError&) {
            failure = std::current_exception();
        } catch (const ServerDisconnectedError&) {
            failure = std::current_exception();
        }
        const bool again =
            reused && !retried && is_idempotent(request.method) && (!hop.payload || hop.payload->available());
        if (!again) std::rethrow_exception(failure);
        retried = true;
    }
}

}  // namespace aio::http::detail
