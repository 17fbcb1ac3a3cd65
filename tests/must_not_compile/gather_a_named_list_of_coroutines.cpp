// expect: pass the range of them with std::move
#include <aio/core/gather.hpp>

#include <list>

aio::Coro<> waits_for_all(std::list<aio::Coro<int>> coros) { co_await aio::gather(coros); }
