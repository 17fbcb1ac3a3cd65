// expect: cannot travel to another process
#include <aio/sync/process_pool.hpp>

int first(const int* numbers) { return *numbers; }

int ask(aio::ProcessPoolExecutor& pool, const int* numbers) { return pool.submit(first, numbers).result(); }
