// retry(): whether there is another attempt, and when.
#include <aio/sync/retry.hpp>

#include <aio/core/event_loop.hpp>

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <string>
#include <typeinfo>

namespace aio::detail {

namespace {

// From 0 to 1.
long double random_fraction() {
    std::uint64_t bits = 0;
    while (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
        if (errno != EINTR) throw_os_error(errno, "get random bytes for the jitter of retry()");
    }
    return static_cast<long double>(bits) / static_cast<long double>(UINT64_MAX);
}

bool is_never_retried(const std::exception_ptr& error) noexcept {
    const std::type_info* type = error.__cxa_exception_type();
    return type && (*type == typeid(CancelledError) || *type == typeid(KeyboardInterrupt) ||
                    *type == typeid(SystemExit) || *type == typeid(GeneratorExit));
}

long double nanoseconds(Duration duration) noexcept {
    return static_cast<long double>(std::max(duration, Duration(0)).count());
}

}  // namespace

Retrying::Retrying(const RetryOptions& options) : options_(options) {
    if (options.stop_after_attempt == std::size_t{0}) {
        throw ValueError("retry: stop_after_attempt is 0; there must be at least 1 attempt");
    }
    if (!(options.wait_exp_base >= 0)) {
        throw ValueError("retry: wait_exp_base is " + std::to_string(options.wait_exp_base) +
                         "; it must be a number, and not negative");
    }
}

void Retrying::begin() { start_ = get_running_loop().time(); }

bool Retrying::again(const std::exception_ptr& error) {
    ++attempts_;
    if (is_never_retried(error) || attempts_ == options_.stop_after_attempt) return false;
    if (options_.retry_if && !options_.retry_if(error)) return false;
    wait_ = next_wait();
    const Duration delay = options_.stop_before_delay.value_or(Duration::max());  // which is for ever
    if (delay != Duration::max() && after(get_running_loop().time(), wait_) >= after(start_, delay)) return false;
    if (options_.before_sleep) options_.before_sleep({attempts_, error, wait_});
    return true;
}

// Zero times infinity is no wait.
Duration Retrying::next_wait() const {
    const long double first = nanoseconds(options_.wait_initial), jitter = nanoseconds(options_.wait_jitter);
    long double wait = 0;
    if (first > 0) wait = first * std::pow(static_cast<long double>(options_.wait_exp_base), attempts_ - 1);
    if (jitter > 0) wait += random_fraction() * jitter;
    return std::chrono::duration<long double, std::nano>(std::min(wait, nanoseconds(options_.wait_max)));
}

}  // namespace aio::detail
