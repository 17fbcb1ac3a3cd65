// expect: no matching function
#include <aio/core/gather.hpp>

auto sum() { return aio::gather(1, 2); }
