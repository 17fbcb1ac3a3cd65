// What a worker process does.
#pragma once

#include <cstddef>

namespace aio::detail {

struct WorkerOptions {
    void (*initializer)();
    std::size_t max_message;
};

// Says that it is ready, then makes calls until the socket is closed at the other end. Ends the process.
void work(int fd, const void* options) noexcept;

}  // namespace aio::detail
