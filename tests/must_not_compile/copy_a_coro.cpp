// expect: deleted
#include <aio/core/coro.hpp>

aio::Coro<int> one() { co_return 1; }

aio::Coro<int> copied(const aio::Coro<int>& coro) { return coro; }
