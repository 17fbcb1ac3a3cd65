// What the engine asks while it works: whether anybody still wants that. Internal.
#pragma once

#include <chrono>

namespace aio::sqlite::detail {

class StopSignal {
public:
    StopSignal(const StopSignal&) = delete;
    // The connection's thread: whether what it runs was cancelled.
    virtual bool is_stopped() const noexcept = 0;
    // The connection's thread. Returns early when what it runs is cancelled.
    virtual void sleep(std::chrono::milliseconds time) noexcept = 0;

protected:
    StopSignal() = default;
    ~StopSignal() = default;
};

}  // namespace aio::sqlite::detail
