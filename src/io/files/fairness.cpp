// turn_is_over(): each thread counts the calls that one task made without waiting. A call costs one unit, plus one per
// 8 KiB; a turn is 96 units. The callers (reading.cpp, writing.cpp, open.cpp...) then await Pass themselves.
#include "io/files/fairness.hpp"

namespace aio::detail {

namespace {

constexpr std::size_t kBytesPerUnit = 8 * 1024;
constexpr std::size_t kUnitsPerTurn = 96;

struct Account {
    const TaskBase* task = nullptr;
    std::size_t units = 0;
};
thread_local Account account;

}  // namespace

// A task is told apart by its address: another one that got it pays for both, which is harmless.
bool turn_is_over(std::size_t bytes) noexcept {
    const TaskBase* task = current.task;
    if (account.task != task) account = {task, 0};
    account.units += 1 + bytes / kBytesPerUnit;
    if (account.units < kUnitsPerTurn) return false;
    account.units = 0;
    return true;
}

}  // namespace aio::detail
