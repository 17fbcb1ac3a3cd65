// The process's own streams.
#include <aio/io/file.hpp>

#include "io/files/file_core.hpp"
#include "io/files/open.hpp"

namespace aio::files {

namespace {

struct Standard {
    int fd;
    const char* name;
    const char* mode;
};
constexpr Standard kStreams[] = {
    {0, "<stdin>", "r"},  {1, "<stdout>", "w"},  {2, "<stderr>", "w"},
    {0, "<stdin>", "rb"}, {1, "<stdout>", "wb"}, {2, "<stderr>", "wb"},
};

// Those that are open in this thread's loop, shared by all handles: what one has read ahead, the others must get.
thread_local detail::FileCore* open_streams[std::size(kStreams)] = {};

File standard(std::size_t which) {
    const auto& loop = detail::LoopState::of(detail::require_loop());
    detail::FileCore*& place = open_streams[which];
    if (place && place->belongs_to(loop) && !place->closed()) return File(detail::FileRef(place));
    const Standard& stream = kStreams[which];
    OpenOptions options;
    options.closefd = false;
    if (stream.fd == 2) options.buffering = 1;  // line-buffered: shown at once
    const detail::FileMode mode = detail::parse_mode(stream.mode);
    File file = detail::adopt(stream.fd, stream.name, mode, options, false);
    if (place) place->registered_at(nullptr);
    place = file.core().get();
    place->registered_at(&place);
    return file;
}

}  // namespace

File stdin_() { return standard(0); }
File stdout_() { return standard(1); }
File stderr_() { return standard(2); }
File stdin_bytes() { return standard(3); }
File stdout_bytes() { return standard(4); }
File stderr_bytes() { return standard(5); }

}  // namespace aio::files
