// send_in_place() and the turn that it waits for: large data, sent from where they lie.
#include "io/stream/output_turn.hpp"

#include <aio/base/error.hpp>

#include <algorithm>
#include <cerrno>

namespace aio::detail {

namespace {

// What one call of the kernel may take: others have their turn in between.
constexpr std::size_t kAtOnce = 1024 * 1024;
// What a stream with a filter is given at a time.
constexpr std::size_t kWritten = 64 * 1024;

Coro<> write_in_pieces(StreamWriter& writer, std::string_view data, std::size_t& progress) {
    while (!data.empty()) {
        const std::string_view piece = data.substr(0, kWritten);
        writer.write(piece);
        data.remove_prefix(piece.size());
        co_await writer.drain();
        progress += piece.size();
    }
}

}  // namespace

void check_turn(const SocketStream& stream) {
    if (!stream.is_closing()) return;
    if (stream.exception()) std::rethrow_exception(stream.exception());
    throw ConnectionAbortedError(ECONNABORTED, "send: the stream was closed meanwhile");
}

Coro<> send_in_place(StreamWriter writer, std::string_view data, std::size_t* progress) {
    std::size_t unasked = 0;
    std::size_t& sent = progress ? *progress : unasked;
    sent = 0;
    auto* const stream = dynamic_cast<SocketStream*>(writer.stream().get());
    if (!stream || stream->filter()) {
        co_await write_in_pieces(writer, data, sent);
        co_return;
    }
    const OutputTurn turn(*stream);
    while (stream->write_buffer_size() > 0) {
        co_await Room{*stream};
        check_turn(*stream);
    }
    while (!data.empty()) {
        const int result =
            stream->loop().backend->send_now(stream->fileno(), data.data(), std::min(data.size(), kAtOnce));
        if (result > 0) {
            sent += static_cast<std::size_t>(result);
            data.remove_prefix(static_cast<std::size_t>(result));
        } else if (result < 0 && result != -EAGAIN) {
            throw_os_error(-result, "send to " + stream->peername().str());
        }
        if (data.empty()) break;
        co_await Room{*stream};
        check_turn(*stream);
    }
}

}  // namespace aio::detail
