// The longest steps of another process's loops, seen from outside: each loop is looked at again and again, and a step that is the
// same as at the look before has lasted that long at least. The process does nothing for it.
#pragma once

#include "debug/window_reader.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace aio::debug {

struct LongStep {
    std::uint64_t loop;        // its number
    std::int64_t nanoseconds;  // at least: it was that long between the first look that saw it and the last one
    std::string task;          // "task 'x'"; "a callback"
    std::string place;         // of the task's last await; empty for a callback
};

class StepWatch {
public:
    // `snapshot` is of `reader`: which loops there are.
    StepWatch(WindowReader& reader, const Snapshot& snapshot);

    // One look at each loop. Errors: std::bad_alloc.
    void look(std::int64_t now_ns);
    // The longest step of each loop that had one of two looks or more.
    const std::vector<LongStep>& longest() const noexcept { return longest_; }

private:
    struct Watched {
        LoopInfo loop;
        WindowReader::Probe last;
        std::int64_t since = 0;
        std::size_t longest = SIZE_MAX;  // its place in longest_
        bool named = false;              // the present step is the longest one, and has its name
    };
    void note(Watched& watched, std::int64_t nanoseconds);

    WindowReader& reader_;
    std::vector<Watched> watched_;
    std::vector<LongStep> longest_;
};

}  // namespace aio::debug
