// What is known of how long statements take.
#include <aio/db/pool_sharing.hpp>

#include <algorithm>
#include <new>

namespace aio::db::detail {

namespace {

constexpr Duration kUnknown = std::chrono::seconds(1);
constexpr std::size_t kMostKnown = 1000;  // texts; programs that make their SQL at run time have ever new ones
constexpr std::uint32_t kLongestInterval = 1 << 20;

}  // namespace

Durations::Estimate Durations::expect(std::string_view sql) noexcept {
    const auto found = known_.find(sql);
    if (found == known_.end()) return {kUnknown};
    Known& known = found->second;
    const bool seems_slow = known.time > kMostAhead && known.time < kSlow;
    return {known.time, seems_slow && ++known.executions > known.interval};
}

void Durations::note(std::string_view sql, Duration took, bool was_behind) {
    const auto found = known_.find(sql);
    if (found == known_.end()) {
        if (known_.size() >= kMostKnown) known_.clear();
        try {
            known_.emplace(sql, Known{.time = took});
        } catch (const std::bad_alloc&) {
            // The statement was answered; how long it takes is learnt the next time.
        }
        return;
    }
    Known& known = found->second;
    const Duration average = known.time + (took - known.time) / 8;
    if (was_behind) {
        const bool is_first = !std::exchange(known.is_measured, true);
        const bool was_slow = known.time > kMostAhead;
        // One that is slow counts at once. So does one that was thought to be.
        known.time = took > kMostAhead || is_first || was_slow ? took : average;
        known.executions = 0;
        if (took > kMostAhead) known.interval = std::min(2 * known.interval, kLongestInterval);
    } else if (took >= kSlow) {
        known.time = took;
        known.is_measured = false;
    } else if (!known.is_measured || took < known.time) {
        known.time = average;
    }
}

}  // namespace aio::db::detail
