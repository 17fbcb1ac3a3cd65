// Files over streams: asyncio's loop.sendfile().
//
//     writer.write("HTTP/1.0 200 OK\r\n\r\n");
//     std::size_t sent = co_await aio::sendfile(writer, file);
//
// Over a plain socket the kernel copies (sendfile(2)): the data never pass through this process. Over other streams the
// file is read on a thread of the default executor, block by block, and written.
//
// The kernel reads the file's pages inside the call, on the loop's thread as in asyncio: pages that are not in memory
// are read ahead, but a slow disk can block the loop. Read files on such a disk with an executor, and write().
//
// Thread rule: the loop's thread. Source: BaseEventLoop.sendfile, CPython 3.13; sendfile(2).
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/io/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace aio {

// The kernel cannot copy from this file, or to this stream: asyncio.SendfileNotAvailableError.
class SendfileNotAvailableError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
};

// The options of sendfile(). Trivially destructible, so that `{.count = ...}` is safe inside a
// co_await expression on g++ 12.
struct SendfileOptions {
    std::uint64_t offset = 0;               // the first byte of the file that is sent
    std::optional<std::size_t> count = {};  // number of bytes; nullopt: to the end of the file
    bool fallback = true;                   // read and write where the kernel cannot copy
    std::size_t* progress = nullptr;        // is set to the number of bytes handed to the kernel so far
};

// Sends the buffered data, then `file`, a descriptor open for reading. loop.sendfile. Result: the number of bytes of
// the file, fewer than `count` when it ends before. Meanwhile no task may write to the stream. Afterwards the position
// of the file is where sending ended, also after an error or a cancellation.
// Cancel: takes effect between two pieces; a part of the file was sent.
// Errors: ConnectionError when the stream closes meanwhile; OSError when the file cannot be read; RuntimeError on a
// stream that is closing, after write_eof(), or with another sendfile() in progress; ValueError for a count of 0;
// SendfileNotAvailableError without a fallback.
Coro<std::size_t> sendfile(StreamWriter writer, int file, SendfileOptions options = {});

}  // namespace aio
