// expect: what a callback captures may not be aligned to more than 64 bytes
#include <aio/core/future.hpp>

struct alignas(128) Wide {
    char bytes[128];
};

void watch(const aio::Future<>& future, const Wide& wide) {
    future.add_done_callback([wide] { static_cast<void>(wide); });
}
