// How far the downloads are, as lines of text. Knows no terminal and no clock.
#pragma once

#include <aio/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::cli {

// "1.5 MiB", "17 B"
std::string format_size(double bytes);
// "0:07", "1:02:03"
std::string format_time(Duration time);

// One download that runs.
struct Transfer {
    std::string name;
    std::uint64_t done = 0;  // bytes that are there
    std::optional<std::uint64_t> size;
    std::uint64_t resumed = 0;  // of `done`: from an earlier time
    TimePoint started{};

    explicit Transfer(std::string n) : name(std::move(n)) {}
    // Bytes per second.
    double rate(TimePoint now) const;
};

class Progress {
public:
    explicit Progress(std::size_t files) : files_(files) {}

    // The reference is valid until finish().
    Transfer& start(std::string name, TimePoint now);
    void finish(Transfer& transfer);

    // A line for each of the downloads that run, the first `most` of them, and one for all: none wider than `width`.
    std::vector<std::string> render(std::size_t width, std::size_t most, TimePoint now) const;

    std::size_t running() const noexcept { return running_.size(); }

private:
    std::list<Transfer> running_;
    std::size_t files_, finished_ = 0;
    std::uint64_t bytes_ = 0;  // of those that are finished
    std::optional<TimePoint> started_;
};

}  // namespace aio::cli
