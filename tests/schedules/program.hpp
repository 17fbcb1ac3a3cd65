// Programs to explore.
//
//     PROGRAM(two_posts_reach_a_sleeping_loop) {       // a sentence that is true in every schedule
//         std::atomic<int> count{0};
//         std::thread other([&] { ++count; });
//         ++count;
//         other.join();
//         EXPECT(count == 2);
//     }
//
// The body is run once per schedule, on a thread of its own, in one process: it must leave nothing behind, neither threads
// nor memory, and must do the same each time: no random numbers, no files, no real time.
#pragma once

#include <string_view>

namespace aio::schedules {

struct Program {
    const char* name;
    void (*body)();
    // Of a program that has a fault for the explorer to find: the beginning of its report. Empty: it must have none.
    std::string_view fault = {};
    unsigned preemptions = 2;
    Program* next = nullptr;
};

// All of them, in the order of their files.
Program* programs() noexcept;

class Registration {
public:
    explicit Registration(const Program& program) noexcept;

private:
    Program program_;
};

// Log lines that begin like this are no fault.
void allow_log(std::string_view beginning) noexcept;

// Ends the process, with the schedule in its report.
[[noreturn]] void unexpected(const char* condition, const char* file, int line) noexcept;

}  // namespace aio::schedules

#define AIO_PROGRAM_(title, ...)                                                                                \
    static void title();                                                                                        \
    static const ::aio::schedules::Registration register_##title({.name = #title, .body = title, __VA_ARGS__}); \
    static void title()

#define PROGRAM(title) AIO_PROGRAM_(title, .fault = {})
// One with so many schedules that fewer preemptions have to do.
#define LARGE_PROGRAM(title, most) AIO_PROGRAM_(title, .preemptions = most)
// The test succeeds when the explorer finds this fault.
#define FAULTY_PROGRAM(title, text) AIO_PROGRAM_(title, .fault = text)

#define EXPECT(condition)                                                               \
    do {                                                                                \
        if (!(condition)) ::aio::schedules::unexpected(#condition, __FILE__, __LINE__); \
    } while (false)
