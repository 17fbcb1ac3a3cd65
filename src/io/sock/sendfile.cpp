// sendfile() for streams, sock_sendfile() for the program's own sockets: by the kernel, else read block by block and
// written. file_source.cpp has the file's side; stream/output_turn.hpp reserves a stream's output meanwhile.
#include <aio/io/sendfile.hpp>

#include <aio/io/sock.hpp>

#include "io/sock/file_source.hpp"
#include "io/sock/readiness.hpp"
#include "io/stream/output_turn.hpp"

#include <cerrno>

namespace aio {

using detail::FileSource;
using detail::LoopState;
using detail::SocketStream;

namespace {

[[noreturn]] void throw_not_available() {
    throw SendfileNotAvailableError("sendfile: the kernel cannot copy from this file to this stream");
}

// --- streams -----------------------------------------------------------------------------------------------

// False, with nothing sent, when the kernel cannot. The caller keeps the stream.
Coro<bool> send_by_kernel(LoopState& loop, SocketStream& stream, FileSource& source) {
    const detail::OutputTurn turn(stream);
    while (stream.write_buffer_size() > 0) {
        co_await detail::Room{stream};
        detail::check_turn(stream);
    }
    source.read_ahead();
    while (const std::size_t piece = source.next_piece(detail::kSendfilePiece)) {
        const int result = loop.backend->send_file(stream.fileno(), source.fd(), source.offset(), piece);
        if (result == 0) break;
        if (result > 0) {
            source.advance(static_cast<std::size_t>(result));
            source.read_ahead();
        } else if (result != -EAGAIN) {
            if (source.sent() == 0 && detail::not_for_sendfile(result)) co_return false;
            throw_os_error(-result, "send a file to " + stream.peername().str());
        }
        co_await detail::Room{stream};
        detail::check_turn(stream);
    }
    co_return true;
}

Coro<> send_by_hand(StreamWriter writer, FileSource& source) {
    if (writer.is_closing()) throw RuntimeError("sendfile(): the stream is closing");
    while (const std::size_t piece = source.next_piece(detail::kSendfileBlock)) {
        Future<std::string> reading = source.read(piece);
        const std::string data = co_await std::move(reading);
        if (data.empty()) co_return;
        co_await writer.drain();
        if (writer.is_closing()) {
            throw ConnectionAbortedError(ECONNABORTED, "sendfile: the stream was closed meanwhile");
        }
        writer.write(data);
        source.advance(data.size());
    }
}

}  // namespace

Coro<std::size_t> sendfile(StreamWriter writer, int file, SendfileOptions options) {
    LoopState& loop = LoopState::of(detail::require_loop());
    FileSource source(file, options.offset, options.count, options.progress);
    // Over TLS the kernel would send the file in the clear.
    if (auto* stream = dynamic_cast<SocketStream*>(writer.stream().get()); stream && !stream->filter()) {
        const bool sent = co_await send_by_kernel(loop, *stream, source);
        if (sent) co_return source.sent();
    }
    if (!options.fallback) throw_not_available();
    co_await send_by_hand(writer, source);
    co_return source.sent();
}

// --- sockets of the program's own ----------------------------------------------------------------------------

namespace {

constexpr const char* kSockSendfile = "sock_sendfile";

Coro<bool> sock_send_by_kernel(LoopState& loop, int fd, FileSource& source) {
    source.read_ahead();
    while (const std::size_t piece = source.next_piece(detail::kSendfilePiece)) {
        const int result = loop.backend->send_file(fd, source.fd(), source.offset(), piece);
        if (result == 0) break;
        if (result > 0) {
            source.advance(static_cast<std::size_t>(result));
            source.read_ahead();
        } else if (result != -EAGAIN) {
            if (source.sent() == 0 && detail::not_for_sendfile(result)) co_return false;
            throw_os_error(-result, "send a file to descriptor " + std::to_string(fd));
        }
        co_await detail::wait_until_ready(loop, fd, true, kSockSendfile);
    }
    co_return true;
}

}  // namespace

Coro<std::size_t> sock_sendfile(int fd, int file, std::uint64_t offset, std::optional<std::size_t> count,
                                bool fallback) {
    LoopState& loop = LoopState::of(detail::require_loop());
    detail::check_raw_socket(loop, fd, kSockSendfile);
    int type = 0;
    socklen_t length = sizeof type;
    const int result = loop.backend->get_option(fd, SOL_SOCKET, SO_TYPE, &type, length);
    if (result < 0 || type != SOCK_STREAM) throw ValueError("sock_sendfile: only stream sockets are supported");
    FileSource source(file, offset, count);
    const bool sent = co_await sock_send_by_kernel(loop, fd, source);
    if (sent) co_return source.sent();
    if (!fallback) throw_not_available();
    while (const std::size_t piece = source.next_piece(detail::kSendfileBlock)) {
        Future<std::string> reading = source.read(piece);
        std::string data = co_await std::move(reading);
        if (data.empty()) break;
        const std::size_t size = data.size();
        co_await sock_sendall(fd, std::move(data));
        source.advance(size);
    }
    co_return source.sent();
}

}  // namespace aio
