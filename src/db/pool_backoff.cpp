// The pauses between attempts to connect.
#include <aio/db/pool_backoff.hpp>

#include <aio/core/sleep.hpp>

#include <algorithm>
#include <chrono>
#include <random>

namespace aio::db::detail {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause(20), kLongestPause(1000);
constexpr int kMostDoublings = 6;

// Between a half and the whole of `pause`.
Duration some_of(milliseconds pause) {
    thread_local std::minstd_rand random{std::random_device()()};
    return std::chrono::microseconds(
        std::uniform_int_distribution<long>(pause.count() * 500, pause.count() * 1000)(random));
}

}  // namespace

Coro<> Backoff::pause() const {
    const TimePoint now = get_running_loop().time();
    if (failures_ > 0 && due_ > now) co_await sleep(Duration(due_ - now));
}

void Backoff::failed(std::exception_ptr error, int before) {
    if (attempt_) attempt_->error = std::move(error);
    if (failures_ != before) return;
    const milliseconds pause = std::min(kLongestPause, kFirstPause * (1 << std::min(failures_, kMostDoublings)));
    due_ = get_running_loop().time() + some_of(pause);
    ++failures_;
}

}  // namespace aio::db::detail
