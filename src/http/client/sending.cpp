// A request's body on its way: piece by piece, in chunks or not, large ones without a copy.
#include "http/client/sending.hpp"

#include <aio/base/error.hpp>
#include <aio/core/wait.hpp>

#include "http/wire/syntax.hpp"
#include "io/stream/output_turn.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace aio::http::detail {

namespace {

// A server that does not know Expect never answers it (RFC 9110 section 10.1.1); curl waits as long.
constexpr Duration kPatience = std::chrono::seconds(1);

Coro<> send_piece(Sending& sending, std::string_view piece) {
    if (!sending.chunked) {
        if (piece.size() > sending.left) {
            throw ValueError("the request's body is longer than its Content-Length");
        }
        sending.left -= piece.size();
    } else {
        std::string size;
        wire::append_chunk_size(size, piece.size());
        sending.writer.write(size);
    }
    if (piece.size() > aio::detail::kWorthCopying) {
        co_await aio::detail::send_in_place(sending.writer, piece);
    } else {
        sending.writer.write(piece);
    }
    if (sending.chunked) sending.writer.write("\r\n");
}

void write_end(Sending& sending) {
    if (sending.chunked) return sending.writer.write("0\r\n\r\n");
    if (sending.left > 0) throw ValueError("the request's body is shorter than its Content-Length");
}

Coro<> send_pieces(Sending& sending) {
    if (sending.go_ahead) co_await *sending.go_ahead;
    BodySource& source = sending.packed ? *sending.packed : *sending.plain;
    while (true) {
        const std::string_view piece = co_await source.next_piece();
        if (piece.empty()) break;
        if (sending.writer.is_closing()) co_return;
        co_await send_piece(sending, piece);
        if (sending.tracers) {
            const TraceRequestChunkSent sent{sending.method, sending.url, piece};
            co_await sending.tracers->send(&TraceConfig::on_request_chunk_sent, sent);
        }
        co_await sending.writer.drain();
    }
    write_end(sending);
    co_await sending.writer.drain();
    sending.done = true;
}

Coro<> send_body(std::shared_ptr<Sending> given) {
    // A parameter lives as long as the task's handle, which is in there.
    const std::shared_ptr<Sending> sending = std::move(given);
    std::exception_ptr failure;
    try {
        co_await send_pieces(*sending);
    } catch (const CancelledError&) {
        throw;
    } catch (...) {
        failure = std::current_exception();
    }
    sending->packed.reset();
    sending->plain.reset();
    // A broken connection is reported to its reader, too, which may nevertheless find a response there.
    if (!failure || sending->reader.exception() || sending->writer.is_closing()) co_return;
    sending->error = failure;
    sending->reader.set_exception(failure);
}

}  // namespace

void start_sending(const std::shared_ptr<Sending>& sending) {
    if (sending->go_ahead) {
        const Future<> go_ahead = *sending->go_ahead;
        sending->patience = get_running_loop().call_later(kPatience, [go_ahead] {
            if (!go_ahead.done()) go_ahead.set_result();
        });
    }
    sending->task = create_task(send_body(sending), {.name = "request body"});
}

void give_up(Sending& sending) noexcept {
    sending.patience.cancel();
    const Task<> task = std::exchange(sending.task, Task<>());
    if (task && !task.done()) task.cancel();
}

Coro<> give_up_and_wait(std::shared_ptr<Sending> sending) {
    const Task<> task = sending->task;
    give_up(*sending);
    if (!task || task.done()) co_return;
    const std::vector<Task<>> tasks(1, task);
    co_await wait(tasks);
}

}  // namespace aio::http::detail
