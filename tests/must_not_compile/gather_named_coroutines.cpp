// expect: pass the range of them with std::move
#include <aio/core/gather.hpp>

aio::Coro<> waits_for_all(std::vector<aio::Coro<int>> coros) { co_await aio::gather(coros); }
