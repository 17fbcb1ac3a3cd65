// expect: range-for cannot await
#include <aio/core/async_generator.hpp>

aio::AsyncGenerator<int> count();
int sum() {
    int all = 0;
    for (const int number : count()) all += number;
    return all;
}
