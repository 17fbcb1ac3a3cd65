// expect: give it a name first
// only: g\+\+
#include <aio/sync/threads.hpp>

#include <string>

aio::Coro<> run(std::string path) {
    auto size = co_await aio::to_thread([path] { return path.size(); });
    static_cast<void>(size);
}
