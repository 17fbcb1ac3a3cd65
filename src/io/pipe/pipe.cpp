// connect_read_pipe() and connect_write_pipe(): a PipeStream (pipe_stream.cpp) in one direction.
// One in both directions exists only for a child's pseudo-terminal: process/process_pipes.cpp.
#include <aio/io/pipe.hpp>

#include "io/pipe/pipe_stream.hpp"

namespace aio {

using detail::PipeStream;

StreamReader connect_read_pipe(int fd, std::size_t limit) {
    detail::LoopState& loop = detail::LoopState::of(detail::require_loop());
    return StreamReader(PipeStream::open(loop, fd, limit, PipeStream::Direction::read));
}

StreamWriter connect_write_pipe(int fd) {
    detail::LoopState& loop = detail::LoopState::of(detail::require_loop());
    return StreamWriter(PipeStream::open(loop, fd, detail::kDefaultLimit, PipeStream::Direction::write));
}

}  // namespace aio
