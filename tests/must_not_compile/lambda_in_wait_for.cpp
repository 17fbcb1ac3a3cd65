// expect: give it a name first
// only: g\+\+
#include <aio/core/timeout.hpp>

#include <string>

aio::Coro<> load(std::string path);

aio::Coro<> run(std::string path) {
    co_await aio::wait_for([path]() -> aio::Coro<> { co_await load(path); }, aio::Duration(1));
}
