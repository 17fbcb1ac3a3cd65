// The partial order of a run: which operations on the same object precede which.
//
// Two runs whose operations are ordered alike, object by object, are in the same state, however the independent ones
// were interleaved. Each operation has a hash of its thread's previous one and of those of its object that it depends
// on; the threads' last hashes together name the state (CHESS, Musuvathi and Qadeer 2007, section 4.3).
//
// A static object's name is its place in the program; others are named by which thread uses them first, and as which of
// its objects: their addresses vary.
#pragma once

#include "schedules/scheduler.hpp"

#include <cstdint>
#include <unordered_map>
#include <unordered_set>

namespace aio::schedules {

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept;

class History {
public:
    // A run begins.
    void begin();

    // The object's name; that which it gets when the thread is the first to use it.
    std::uint64_t name(const void* object, unsigned thread) const;
    // The thread has made an operation.
    void record(const void* object, Access access, unsigned thread);
    // `parent` starts the thread; the thread learns that another one has ended.
    void starts(unsigned thread, unsigned parent) noexcept {
        last_[thread] = last_[parent] = mixed(last_[parent], thread);
    }
    void joins(unsigned thread, unsigned other) noexcept { last_[thread] = mixed(last_[thread], last_[other]); }

    std::uint64_t state() const noexcept;
    // Grows with every operation that changes something.
    std::uint64_t writes() const noexcept { return writes_; }

    // Whether two threads used the object, and not only to read, in any run so far.
    bool contended(std::uint64_t name) const { return contended_.contains(name); }
    std::size_t contended_count() const noexcept { return contended_.size(); }

private:
    struct Object {
        std::uint64_t name = 0;
        std::uint64_t last_write = 0, reads = 0;  // hashes; the reads since then in any order
        std::uint32_t readers = 0, writers = 0;   // sets of threads
    };
    std::uint64_t first_name(const void* object, unsigned thread) const noexcept;

    std::unordered_map<const void*, Object> objects_;
    std::uint64_t last_[kMostThreads] = {};
    std::uint32_t named_[kMostThreads] = {};
    std::uint64_t writes_ = 0;
    std::unordered_set<std::uint64_t> contended_;
};

History& history() noexcept;

}  // namespace aio::schedules
