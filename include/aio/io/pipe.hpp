// Pipes, FIFOs, terminals and other descriptors as streams: asyncio's connect_read_pipe and connect_write_pipe.
//
//     int fd[2];
//     ::pipe2(fd, O_CLOEXEC);
//     aio::StreamReader reader = aio::connect_read_pipe(fd[0]);
//     aio::StreamWriter writer = aio::connect_write_pipe(fd[1]);
//
// Standard input, line by line, of a program that is used in a pipeline or at a terminal:
//
//     auto lines = aio::connect_read_pipe(STDIN_FILENO).lines();
//     while (auto line = co_await lines.next()) ...
//
// A stream takes over its descriptor, and closes it when it is lost or its last handle is dropped. To keep your own,
// give it a dup().
//
// Regular files are refused: they are always "ready", and reading them blocks. So do it on a thread (to_thread).
// Programs whose standard input may be redirected from a file must be ready for that ValueError.
//
// O_NONBLOCK belongs to the open file, not to the descriptor: set on a terminal or an inherited pipe it would reach
// the shell and everyone else who has it. Here an anonymous pipe or terminal is opened a second time, through
// /proc/self/fd, and the flag is set on that private copy, under the same descriptor number; sockets need no flag at
// all. Only where that is impossible (named FIFOs, other devices, no /proc) the flag is set in place, and taken back
// when the stream closes.
//
// Source: CPython 3.13 unix_events.py, _UnixReadPipeTransport and _UnixWritePipeTransport; pipe(7), open(2).
#pragma once

#include <aio/io/stream.hpp>

namespace aio {

// Reads from `fd`: a pipe, FIFO, socket, terminal or other character device. At its end the descriptor is closed,
// and what came before can still be read. The end of a pseudo-terminal's leading side is when nobody has the other.
// A reader cannot be closed; StreamWriter(reader.stream()) can, and dropping the last handle does it too.
// Units: `limit` as in open_connection, in bytes.
// Errors: ValueError for a regular file, a directory, a descriptor that is only open for writing, a limit of 0;
// OSError for one that is not open. The descriptor is then still the caller's. RuntimeError outside a loop.
StreamReader connect_read_pipe(int fd, std::size_t limit = detail::kDefaultLimit);

// Writes to `fd`, likewise. write_eof() is close(): both send what was written first.
// When the reading side of a pipe or socket goes away the stream is lost, at once and not only at the next write:
// drain() throws BrokenPipeError if something was left to send, else ConnectionResetError. SIGPIPE is never raised.
// Errors: as connect_read_pipe.
StreamWriter connect_write_pipe(int fd);

}  // namespace aio
