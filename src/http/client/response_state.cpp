// The body of a response that is being received, and the end of its connection's use.
#include "http/client/response_state.hpp"

#include <aio/base/error.hpp>
#include <aio/http/errors.hpp>

#include "http/decoded_body.hpp"

#include <cerrno>
#include <chrono>

namespace aio::http::detail {

namespace {

// The bodies of redirects, and of responses that ask for credentials, are usually short.
constexpr std::uint64_t kMostDrained = 64 * 1024;
// Waiting longer would cost more than the new connection that it saves.
constexpr Duration kLongestDrain = std::chrono::milliseconds(500);

// A decoded body: errors of the coding are the server's, and become ClientPayloadErrors.
class CheckedBody final : public BodySource {
public:
    CheckedBody(BodySource& body, ResponseState& state) noexcept : body_(body), state_(state) {}

    Coro<std::string_view> next_piece() override {
        if (state_.failure) std::rethrow_exception(state_.failure);
        try {
            co_return co_await body_.next_piece();
        } catch (const wire::CodingError& error) {
            ClientPayloadError payload_error(std::string("the response's body cannot be decompressed: ") +
                                             error.what());
            payload_error.set_request_info(std::make_shared<const RequestInfo>(state_.info()));
            state_.failure = std::make_exception_ptr(std::move(payload_error));
        }
        state_.give_up();
        std::rethrow_exception(state_.failure);
    }
    const Headers* trailers() const noexcept override { return state_.trailers(); }

private:
    BodySource& body_;
    ResponseState& state_;
};

// Inside a catch block, while reading the body: the caught exception as a ClientError that knows its request.
std::exception_ptr as_client_error(const ResponseState& state) {
    try {
        try {
            rethrow_as_client_error(state.sending.get(), Stage::body);
        } catch (ClientError& error) {
            if (!error.request_info()) error.set_request_info(std::make_shared<const RequestInfo>(state.info()));
            throw;
        }
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace

ResponseState::~ResponseState() {
    if (lease && !failure) {
        unclosed.report_in_debug_mode([this] {
            return "Unclosed response: " + method + " " + url.str_without_credentials() + " (" +
                   std::to_string(status) + "): read its body to the end, or release() it";
        });
    }
    give_up();
    if (!session) return;
    session->recycle(std::move(headers));
    session->recycle(std::move(request_headers));
}

void ResponseState::open_body(bool unpack, const wire::DecoderLimits& limits) {
    content = BodyReader(this);
    if (!unpack) return;
    unpacked = decoded_message(*this, headers, limits);
    if (!unpacked) return;
    checked = std::make_unique<CheckedBody>(*unpacked, *this);
    content = BodyReader(checked.get());
}

Coro<std::string_view> ResponseState::next_piece() {
    if (failure) std::rethrow_exception(failure);
    if (ended) co_return std::string_view();
    if (!lease) throw ClientConnectionError("the response was closed before its body was read");
    std::string_view piece;
    try {
        piece = co_await lease->messages.next_piece();
    } catch (const CancelledError&) {
        throw;
    } catch (...) {
        failure = as_client_error(*this);
    }
    if (failure) {
        lease->abort();
        give_up();
        std::rethrow_exception(failure);
    }
    if (piece.empty()) {
        ended = true;
        if (const Headers* behind = lease->messages.trailers()) trailing = *behind;
        finish();
    } else if (tracers) {
        const TraceResponseChunkReceived received{method, url, piece};
        co_await tracers->send(&TraceConfig::on_response_chunk_received, received);
    }
    co_return piece;
}

void ResponseState::finish() noexcept {
    const bool sent = !sending || sending->done;
    if (sending) aio::http::detail::give_up(*std::exchange(sending, nullptr));
    lease.end(keep_alive && sent);
}

void ResponseState::give_up() noexcept {
    if (sending) aio::http::detail::give_up(*std::exchange(sending, nullptr));
    lease.end(false);
}

RequestInfo ResponseState::info() const {
    return RequestInfo(url, method, request_headers, real_url.is_absolute() ? real_url : url);
}

Coro<> drain_or_give_up(ResponseState& state) {
    const bool worth_it = state.keep_alive && state.lease && state.content_length.value_or(0) <= kMostDrained;
    try {
        std::uint64_t drained = 0;
        if (worth_it && !state.ended) state.lease->end_by(get_running_loop().time() + kLongestDrain);
        while (worth_it && !state.ended && drained <= kMostDrained) {
            const std::string_view piece = co_await state.next_piece();
            drained += piece.size();
        }
    } catch (const ClientError&) {
        // The head is what counted. Also when the request's total time is over: the next step will see that.
    }
    state.give_up();
}

void rethrow_as_client_error(const Sending* sending, Stage stage) {
    if (sending && sending->error) std::rethrow_exception(sending->error);
    try {
        throw;
    } catch (const ClientError&) {
        throw;
    } catch (const WireError& error) {
        const bool cut_short = error.fault() == wire::Fault::unexpected_end;
        if (stage == Stage::body) {
            throw ClientPayloadError(cut_short ? "the response's body was cut short"
                                               : std::string("the response's body is malformed: ") + error.what());
        }
        if (cut_short) throw ServerDisconnectedError("Server disconnected within the headers of its response");
        throw ClientResponseError(400, std::string("the server's answer is malformed: ") + error.what());
    } catch (const ConnectorClosed&) {
        throw ClientConnectionError("the connector was closed");
    } catch (const ConnectionError& error) {
        throw ClientConnectionResetError(error.code(), error.what());
    } catch (const OSError& error) {
        throw ClientOSError(error.code(), error.what());
    } catch (const TimeoutError& error) {  // the kernel's ETIMEDOUT: our own limits are ClientErrors
        throw ClientOSError(ETIMEDOUT, error.what());
    }
}

}  // namespace aio::http::detail
