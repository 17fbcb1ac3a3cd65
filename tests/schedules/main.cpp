// aiocpp_schedules [PROGRAM...]: explores the programs, each in a process of its own, which ends with the first fault.
// AIO_TEST_SCHEDULE=PROGRAM:SCHEDULE runs one schedule and prints its operations. AIO_TEST_PREEMPTIONS=N explores with
// other than two preemptions; AIO_TEST_REDUCTIONS=1 explores again without the explorer's reductions, and compares.
#include <aio/core/log.hpp>

#include "schedules/explorer.hpp"
#include "schedules/program.hpp"
#include "schedules/report.hpp"

#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::schedules {

namespace {

constinit Program* first_program = nullptr;
constinit Program** last_program = &first_program;

constexpr unsigned kMostSeconds = 120;  // per program

void on_signal(int signal) {
    fail(signal == SIGALRM
             ? std::string("it takes too long: a thread waits in the kernel, or there are too many schedules")
             : "signal " + std::to_string(signal) + ": " + ::sigabbrev_np(signal));
}

constinit std::string_view allowed_log = {};

// A log line is a fault, unless the program allows it.
void on_log(LogLevel, std::string_view message) {
    if (allowed_log.empty() || !message.starts_with(allowed_log)) fail("logged: " + std::string(message));
}

// Passing the token on is fastest on one processor.
void use_one_processor() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    ::sched_setaffinity(0, sizeof one, &one);
}

struct How {
    std::optional<unsigned> preemptions = std::nullopt;  // nullopt: the program's
    bool reduced = true;
    bool check_reductions = false;   // of self tests they are always
    const char* schedule = nullptr;  // only this one
};

// The child's part.
[[noreturn]] void explore(const Program& program, const How& how) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM}) ::signal(signal, on_signal);
    ::alarm(kMostSeconds);
    set_logger(on_log);
    use_one_processor();
    Explorer explorer(program.body, how.reduced);
    if (how.schedule) {
        explorer.replay(how.schedule);
    } else {
        explorer.explore(how.preemptions.value_or(program.preemptions));
    }
    ::_exit(0);
}

// Explores in a process of its own. Result: the fault that was found, or "".
std::string fault_of(const Program& program, const How& how) {
    Report& made = report();
    made.fault[0] = '\0';
    made.schedules = made.ends = made.ends_sum = 0;
    made.decisions = made.most_threads = made.most_operations = 0;
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child < 0) return "cannot start a process";
    if (child == 0) explore(program, how);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (made.fault[0]) return made.fault;
    if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "exit status " + std::to_string(WEXITSTATUS(status));
}

// Without the explorer's two reductions the runs end in the same states.
std::string fault_of_reductions(const Program& program, How how) {
    const std::uint64_t ends = report().ends, sum = report().ends_sum;
    how.reduced = false;
    if (const std::string fault = fault_of(program, how); !fault.empty()) return "not reduced: " + fault;
    if (report().ends == ends && report().ends_sum == sum) return "";
    return std::to_string(ends) + " states at the end, but not reduced " + std::to_string(report().ends);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Whether it went as it should.
bool check(const Program& program, const How& how) {
    const auto start = std::chrono::steady_clock::now();
    std::string fault = fault_of(program, how);
    const Report& made = report();
    std::printf("%-68s %6llu schedules, %u threads, %4u operations, %5.2f s\n", program.name,
                static_cast<unsigned long long>(made.schedules), made.most_threads, made.most_operations,
                seconds_since(start));
    const bool checks_reductions = std::string_view(program.name).starts_with("self_test") || how.check_reductions;
    if (program.fault.empty() && fault.empty() && checks_reductions) fault = fault_of_reductions(program, how);
    if (program.fault.empty() && fault.empty()) return true;
    if (!program.fault.empty() && fault.starts_with(program.fault)) return true;
    if (fault.empty()) {
        std::printf("  FAILED: no schedule shows the fault that this program has: %s\n",
                    std::string(program.fault).c_str());
    } else {
        std::printf("  FAILED: %s\n  replay: AIO_TEST_SCHEDULE='%s:%s' %s\n", fault.c_str(), program.name,
                    schedule_text().c_str(), ::program_invocation_name);
    }
    return false;
}

int replay(std::string_view asked) {
    const std::string name(asked.substr(0, asked.find(':')));
    const std::string schedule(asked.size() > name.size() ? asked.substr(name.size() + 1) : std::string_view());
    for (const Program* program = programs(); program; program = program->next) {
        if (program->name != name) continue;
        const std::string fault = fault_of(*program, {.schedule = schedule.c_str()});
        std::printf("%s\n", fault.empty() ? "no fault" : fault.c_str());
        return fault.empty() ? 0 : 1;
    }
    std::printf("AIO_TEST_SCHEDULE: there is no program %s\n", name.c_str());
    return 2;
}

bool wanted(const Program& program, const std::vector<std::string_view>& names) {
    for (const std::string_view name : names) {
        if (std::string_view(program.name).starts_with(name)) return true;
    }
    return names.empty();
}

}  // namespace

Program* programs() noexcept { return first_program; }

Registration::Registration(const Program& program) noexcept : program_(program) {
    *last_program = &program_;
    last_program = &program_.next;
}

void allow_log(std::string_view beginning) noexcept { allowed_log = beginning; }

void unexpected(const char* condition, const char* file, int line) noexcept {
    const std::string_view path = file;
    fail(std::string(path.substr(path.rfind('/') + 1)) + ":" + std::to_string(line) + ": expected " + condition);
}

}  // namespace aio::schedules

int main(int argc, char** argv) {
    using namespace aio::schedules;
    ::mallopt(M_ARENA_MAX, 1);
    ::setenv("AIO_BACKEND", "epoll", 1);  // which sleeps where we see it
    report();
    if (const char* schedule = std::getenv("AIO_TEST_SCHEDULE")) return replay(schedule);
    How how;
    if (const char* given = std::getenv("AIO_TEST_PREEMPTIONS"))
        how.preemptions = static_cast<unsigned>(std::atoi(given));
    how.check_reductions = std::getenv("AIO_TEST_REDUCTIONS") != nullptr;
    const std::vector<std::string_view> names(argv + 1, argv + argc);
    unsigned passed = 0, failed = 0;
    for (const Program* program = programs(); program; program = program->next) {
        if (wanted(*program, names)) ++(check(*program, how) ? passed : failed);
    }
    std::printf("%u programs passed, %u failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
