// expect: may not be aligned to more than 16 bytes
#include <aio/core/coro.hpp>

struct alignas(64) Wide {
    float lanes[16];
};

aio::Coro<Wide> wide() { co_return Wide(); }
