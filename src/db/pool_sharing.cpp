// What is known of how long statements take.
#include <aio/db/pool_sharing.hpp>

namespace aio::db::detail {

namespace {

// From here on a statement is slow at once, and forgotten slowly; below, the average of the last ones counts.
constexpr Duration kSlow = std::chrono::microseconds(500);
constexpr std::size_t kMostKnown = 1000;  // texts; programs that make their SQL at run time have ever new ones

}  // namespace

std::optional<Duration> Durations::expected(std::string_view sql) const noexcept {
    const auto found = known_.find(sql);
    if (found == known_.end()) return std::nullopt;
    return found->second;
}

void Durations::note(std::string_view sql, Duration took) {
    const auto found = known_.find(sql);
    if (found == known_.end()) {
        if (known_.size() >= kMostKnown) known_.clear();
        known_.emplace(sql, took);
    } else {
        const Duration average = found->second + (took - found->second) / 8;
        found->second = took > kSlow ? std::max(took, average) : average;
    }
}

}  // namespace aio::db::detail
