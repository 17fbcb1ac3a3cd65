#include "schedules/history.hpp"

#include <algorithm>

extern "C" const char __executable_start, _end;  // the linker's

namespace aio::schedules {

// splitmix64's finaliser over both.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t x = a * 0x9e3779b97f4a7c15u + b + 0x632be59bd9b4e019u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void History::begin() {
    objects_.clear();
    std::fill(std::begin(last_), std::end(last_), 0);
    std::fill(std::begin(named_), std::end(named_), 0);
    writes_ = 0;
}

std::uint64_t History::first_name(const void* object, unsigned thread) const noexcept {
    const auto address = static_cast<const char*>(object);
    constexpr std::uint64_t kStatic = kMostThreads;
    if (address >= &__executable_start && address < &_end) {
        return (kStatic << 32) + static_cast<std::uint64_t>(address - &__executable_start);
    }
    return (std::uint64_t{thread} << 32) + named_[thread] + 1;
}

std::uint64_t History::name(const void* object, unsigned thread) const {
    const auto found = objects_.find(object);
    return found == objects_.end() ? first_name(object, thread) : found->second.name;
}

void History::record(const void* object, Access access, unsigned thread) {
    Object& used = objects_[object];
    if (used.name == 0) {
        used.name = first_name(object, thread);
        if (used.name >> 32 == thread) ++named_[thread];
    }
    std::uint64_t hash = mixed(mixed(last_[thread], used.name), used.last_write);
    if (access == Access::write) {
        hash = mixed(hash, used.reads);
        used.last_write = hash;
        used.reads = 0;
        used.writers |= 1u << thread;
        ++writes_;
    } else {
        used.reads += hash;
        used.readers |= 1u << thread;
    }
    last_[thread] = hash;
    const std::uint32_t users = used.readers | used.writers;
    if (used.writers != 0 && (users & (users - 1)) != 0) contended_.insert(used.name);
}

std::uint64_t History::state() const noexcept {
    std::uint64_t state = 0;
    for (const std::uint64_t hash : last_) state = mixed(state, hash);
    return state;
}

History& history() noexcept {
    static History instance;
    return instance;
}

}  // namespace aio::schedules
