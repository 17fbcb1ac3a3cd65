// expect: what a callback captures may not be aligned to more than 64 bytes
#include <aio/core/event_loop.hpp>

struct alignas(128) Wide {
    char bytes[128];
};

void call(aio::EventLoop& loop, const Wide& wide) {
    loop.call_soon([wide] { static_cast<void>(wide); });
}
