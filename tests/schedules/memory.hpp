// The memory of a run: `operator new` on its threads. Blocks lie one after the other and are never reused, so that
// addresses are the same in each run of a schedule, an access to a freed block is found, and so is a block that is left
// at the end. Outside of runs `operator new` is malloc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aio::schedules::memory {

// on: runs use this memory. Off: they use malloc, as the first run does, which allocates everything that the process keeps.
void use(bool on) noexcept;
// Everything is free again. Precondition: no run.
void reset() noexcept;
// Blocks that are allocated now, and bytes in them.
struct Used {
    std::size_t blocks, bytes;
};
Used used() noexcept;

// Whether an access there is one to memory of a run that is not allocated.
bool dangling(const void* address) noexcept;

// While it lives, this thread allocates with malloc: the scheduler's own data outlives runs.
class Outside {
public:
    Outside() noexcept;
    ~Outside();
    Outside(const Outside&) = delete;
};

}  // namespace aio::schedules::memory
