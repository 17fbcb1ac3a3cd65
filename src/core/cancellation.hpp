// Several requests for cancellation at once. Internal to src.
#pragma once

#include <cstdint>

namespace aio::detail {

// While it lives, requests go through each wait once, and what they find there on the way again has been asked: a group
// whose members wait for each other in a line would otherwise be cancelled in quadratic time. Nothing may run meanwhile.
class CancelWave {
public:
    CancelWave() noexcept {
        if (open_++ == 0) number_ += 2;
    }
    ~CancelWave() { --open_; }
    CancelWave(const CancelWave&) = delete;

    // What a wait is stamped with while a request is in what it waits for, and when that has answered.
    static std::uint32_t under_way() noexcept { return number_; }
    static std::uint32_t answered() noexcept { return number_ + 1; }

private:
    static constinit thread_local std::uint32_t number_;
    static constinit thread_local unsigned open_;
};

}  // namespace aio::detail
