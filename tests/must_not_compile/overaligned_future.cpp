// expect: a future's value may not be aligned to more than 64 bytes
#include <aio/core/future.hpp>

struct alignas(128) Wide {
    char bytes[128];
};

void make() { aio::Future<Wide> future; }
