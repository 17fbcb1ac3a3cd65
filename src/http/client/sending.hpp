// A request's body on its way: a task of its own, so that the answer can be read meanwhile, and may come early.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/future.hpp>
#include <aio/core/task.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/io/stream.hpp>

#include "http/client/request_spec.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::detail {

// It has all it needs: the connection and the request may be gone before the task has noticed.
struct Sending {
    Sending(StreamReader r, StreamWriter w) : reader(std::move(r)), writer(std::move(w)) {}
    ~Sending() { patience.cancel(); }
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;

    StreamReader reader;
    StreamWriter writer;
    std::unique_ptr<BodySource> plain;   // what the program gave
    std::unique_ptr<BodySource> packed;  // the same in a content coding, or null
    bool chunked = false;
    std::uint64_t left = 0;            // not chunked: bytes that were announced and not written
    std::optional<Future<>> go_ahead;  // with Expect: 100-continue
    TimerHandle patience;
    std::shared_ptr<Tracers> tracers;  // null: none
    std::string method;                // for them
    URL url;

    Task<> task;
    bool done = false;
    std::exception_ptr error;  // the program's, or ours

    // "100 Continue" came.
    void proceed() noexcept {
        if (go_ahead && !go_ahead->done()) go_ahead->set_result();
    }
};

// Begins. Errors: std::bad_alloc.
void start_sending(const std::shared_ptr<Sending>& sending);
// Gives it up. It ends in the next passes.
void give_up(Sending& sending) noexcept;
// The same, and waits until it has ended.
Coro<> give_up_and_wait(std::shared_ptr<Sending> sending);

}  // namespace aio::http::detail
