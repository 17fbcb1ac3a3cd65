// What a ClientResponse is a handle to: the head of an answer, and the connection its body comes on.
#pragma once

#include <aio/http/client/client_response.hpp>

#include "http/client/pool.hpp"
#include "http/client/sending.hpp"
#include "http/client/session_state.hpp"
#include "http/client/unclosed.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::detail {

// As the connection gives it: the source of the body, still packed.
struct ResponseState final : public BodySource {
    explicit ResponseState(std::shared_ptr<SessionState> s) noexcept : session(std::move(s)) {}
    ~ResponseState() override;

    std::shared_ptr<SessionState> session;
    int status = 0;
    int minor_version = 1;
    std::string reason;
    Headers headers;
    std::optional<std::uint64_t> content_length;

    std::string method;
    URL url;       // without the fragment
    URL real_url;  // empty: the same
    Headers request_headers;

    Lease lease;  // empty once the body has ended, or was given up
    bool keep_alive = false;
    bool ended = false;     // in good order
    bool upgraded = false;  // 101
    std::shared_ptr<Sending> sending;
    std::shared_ptr<Tracers> tracers;

    std::unique_ptr<BodySource> unpacked;  // over this; null: it is not packed
    std::unique_ptr<BodySource> checked;   // over unpacked: its errors as a client's
    BodyReader content;
    std::optional<std::string> body;  // once read() has it
    std::optional<Headers> trailing;
    std::exception_ptr failure;  // of the body: every further read has it too
    std::vector<ClientResponse> history;
    Unclosed unclosed;

    Coro<std::string_view> next_piece() override;
    const Headers* trailers() const noexcept override { return trailing ? &*trailing : nullptr; }
    std::optional<std::uint64_t> announced_size() const noexcept override {
        return ended ? std::nullopt : content_length;  // an answer to HEAD has one, and no body
    }

    // The body has come to its end: the connection goes back.
    void finish() noexcept;
    // No more of it is wanted.
    void give_up() noexcept;
    // Sets up `content`, once the head is here. Errors: std::bad_alloc.
    void open_body(bool unpack, const wire::DecoderLimits& limits);
    RequestInfo info() const;
};

// Inside a catch block, of an exchange: throws what was caught as a client's error.
enum class Stage : bool { head, body };
[[noreturn]] void rethrow_as_client_error(const Sending* sending, Stage stage);

// Reads what is left, if that is little and comes soon, so that the connection can be used again; else gives it up.
Coro<> drain_or_give_up(ResponseState& state);

}  // namespace aio::http::detail
