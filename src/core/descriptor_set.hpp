// The descriptors that a loop's streams, listeners and endpoints own. Others may not wait for them: what the backend
// reports for a descriptor has one receiver in each direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aio::detail {

class DescriptorSet {
public:
    // Errors: std::bad_alloc.
    void add(int fd) {
        if (!fits(fd)) return;
        const std::size_t word = word_of(fd);
        if (word >= words_.size()) words_.resize(word + 1);
        words_[word] |= bit_of(fd);
    }
    void remove(int fd) noexcept {
        if (fits(fd) && word_of(fd) < words_.size()) words_[word_of(fd)] &= ~bit_of(fd);
    }
    bool contains(int fd) const noexcept {
        return fits(fd) && word_of(fd) < words_.size() && (words_[word_of(fd)] & bit_of(fd)) != 0;
    }

private:
    // Simulated descriptors are beyond: nobody else can name them.
    static bool fits(int fd) noexcept { return fd >= 0 && fd < 1'000'000; }
    static std::size_t word_of(int fd) noexcept { return static_cast<std::size_t>(fd) / 64; }
    static std::uint64_t bit_of(int fd) noexcept { return std::uint64_t{1} << (fd % 64); }

    std::vector<std::uint64_t> words_;  // a bit per descriptor
};

}  // namespace aio::detail
