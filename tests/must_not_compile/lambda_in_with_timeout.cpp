// expect: give it a name first
// only: g\+\+
#include <aio/core/timeout.hpp>

#include <string>

aio::Coro<> load(std::string path);

aio::Coro<> run(std::string path) {
    co_await aio::with_timeout(aio::Duration(1), [path]() -> aio::Coro<> { co_await load(path); });
}
