// expect: give it a name first
// only: g\+\+
#include <aio/core/gather.hpp>

#include <string>

aio::Coro<> load(std::string path);

aio::Coro<> run(std::string path) {
    co_await aio::gather(load("a"), [path]() -> aio::Coro<> { co_await load(path); });
}
