// expect: lambda without captures
#include <aio/sync/process_pool.hpp>

int twice(aio::ProcessPoolExecutor& pool, int x) {
    return pool.submit([x] { return 2 * x; }).result();
}
