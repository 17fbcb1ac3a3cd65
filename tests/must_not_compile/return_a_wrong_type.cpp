// expect: could not convert|no viable|no matching|cannot convert|constraints
#include <aio/core/coro.hpp>

struct Other {};

aio::Coro<int> wrong() { co_return Other(); }
