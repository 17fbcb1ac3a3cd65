// expect: promise.type|not a coroutine|coroutine_traits
#include <aio/core/sleep.hpp>

int not_a_coroutine() {
    co_await aio::sleep(aio::Duration(1));
    return 1;
}
