// select(): who was first, and the end of the others.
#include <aio/core/select.hpp>

#include <aio/core/wait.hpp>

#include "core/cancellation.hpp"

namespace aio::detail {

namespace {

std::optional<std::size_t> first_done(const std::vector<FutureRef<FutureBase>>& futures) noexcept {
    for (std::size_t place = 0; place < futures.size(); ++place) {
        if (futures[place]->done()) return place;
    }
    return std::nullopt;
}

void cancel_all(const std::vector<FutureRef<FutureBase>>& futures) noexcept {
    const CancelWave wave;
    for (const FutureRef<FutureBase>& future : futures) future->cancel();
}

}  // namespace

Coro<std::size_t> first_of(std::vector<FutureRef<FutureBase>> futures) {
    const std::vector<FutureRef<FutureBase>> all = futures;
    WaitOptions until{.timeout = std::nullopt, .return_when = FIRST_COMPLETED};
    std::optional<std::size_t> first = first_done(all);
    std::exception_ptr cancelled;
    while (true) {
        if (first || cancelled) {
            std::erase_if(futures, [](const FutureRef<FutureBase>& future) { return future->done(); });
            if (futures.empty()) break;
            cancel_all(futures);
            until.return_when = ALL_COMPLETED;
        }
        try {
            co_await wait_until(futures, until);
        } catch (const CancelledError&) {
            cancelled = std::current_exception();
        }
        if (!first && !cancelled) first = first_done(all);
    }
    if (cancelled) std::rethrow_exception(cancelled);
    co_return *first;
}

}  // namespace aio::detail
