// Pipes, FIFOs, terminals and other descriptors as streams: asyncio's connect_read_pipe and connect_write_pipe.
//
//     int fd[2];
//     ::pipe2(fd, O_CLOEXEC);
//     aio::StreamReader reader = aio::connect_read_pipe(fd[0]);
//     aio::StreamWriter writer = aio::connect_write_pipe(fd[1]);
//
// Reading standard input line by line, from a pipeline or a terminal:
//
//     auto lines = aio::connect_read_pipe(STDIN_FILENO).lines();
//     while (auto line = co_await lines.next()) ...
//
// A stream takes over its descriptor, and closes it when it is lost or its last handle is dropped. To
// keep your own, pass a dup().
//
// Regular files are refused: they are always "ready", and reading them blocks. Use files::open(). Programs whose
// standard input may be redirected from a file must handle that ValueError.
//
// O_NONBLOCK belongs to the open file, not to the descriptor: set on a terminal or an inherited pipe it would affect
// the shell and every other process that has it. Here an anonymous pipe or terminal is opened a second time, through
// /proc/self/fd, and the flag is set on that private copy, under the same descriptor number; sockets need no flag at
// all. Only where that is impossible (named FIFOs, other devices, no /proc) the flag is set in place, and removed when
// the stream closes.
//
// Source: CPython 3.13 unix_events.py, _UnixReadPipeTransport and _UnixWritePipeTransport; pipe(7), open(2).
#pragma once

#include <aio/io/stream.hpp>

namespace aio {

// Reads from `fd`: a pipe, FIFO, socket, terminal or other character device. At its end the descriptor is closed, and
// the data received before can still be read. The leading side of a pseudo-terminal ends when no process has the other
// side. A reader has no close(); StreamWriter(reader.stream()) has, and dropping the last handle closes it too.
// Units: `limit` as in open_connection, in bytes.
// Errors: ValueError for a regular file, a directory, a descriptor that is only open for writing, a limit of 0;
// OSError for one that is not open; RuntimeError outside a loop. After an error the descriptor is still the caller's.
StreamReader connect_read_pipe(int fd, std::size_t limit = detail::kDefaultLimit);

// Writes to `fd`, likewise. write_eof() is close(): both send the buffered data first.
// When the reading side of a pipe or socket is closed the stream is lost, at once and not only at the next write:
// drain() throws BrokenPipeError if there were data left to send, else ConnectionResetError. SIGPIPE is never raised.
// Errors: as connect_read_pipe.
StreamWriter connect_write_pipe(int fd);

}  // namespace aio
