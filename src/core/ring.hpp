// Tasks that wait for each other in a ring: which await is ended, and what it throws. Internal to src.
#pragma once

#include <aio/core/waiter.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace aio::detail {

// Told what stands in a ring (tasks, and gathers between them) twice: first to find the youngest task, then in order from
// that one on, for the text of the error.
//
// Tasks mostly own those that they started. The youngest owns none of the others: its await can be ended without leaving a
// task behind that uses what is gone.
class Ring {
public:
    void look_at(FutureBase& future) noexcept;
    // Of those that wait for a task or future; null when there is none.
    TaskBase* youngest() const noexcept { return youngest_; }
    void name(FutureBase& future) noexcept;
    // Ends the await of the youngest with RuntimeError; without memory for that, with CancelledError.
    void end() noexcept;

private:
    static constexpr std::size_t kNamed = 8;

    TaskBase* youngest_ = nullptr;
    std::string names_, first_;
    std::size_t count_ = 0;
    bool no_memory_ = false;
};

// Breaks the rings in which `task` waits for `awaited`, as a task does whose group is ending. Looks through groups and
// gathers. Without memory for that, it does nothing.
void break_rings(TaskBase& task, std::span<FutureBase* const> awaited) noexcept;

}  // namespace aio::detail
