// How every C++ program of bench/ measures and reports, so that ours, the limits and the rivals are
// weighed on one scale.
//
// Time is the *process's own CPU time*, not the clock on the wall: these programs never wait for anything
// inside a measured stretch, so on a quiet machine the two are equal, and on a busy one only the CPU time
// is still true. Results go to stdout, one JSON object a line; bench/harness/core.py reads them by name.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

namespace bench {

// CPU time this process has used on all its threads, in nanoseconds (clock_gettime(2)).
inline double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// A line of /proc/self/status in bytes: "VmHWM:" is the peak resident set, "VmRSS:" the present one.
inline double status_bytes(const char* key) {
    double kilobytes = 0;
    std::FILE* status = std::fopen("/proc/self/status", "r");
    if (status == nullptr) return 0;
    char line[256];
    while (std::fgets(line, sizeof line, status) != nullptr) {
        if (std::strncmp(line, key, std::strlen(key)) == 0) {
            kilobytes = std::strtod(line + std::strlen(key), nullptr);
            break;
        }
    }
    std::fclose(status);
    return kilobytes * 1024;
}

inline void report(const char* name, const char* unit, double value) {
    std::printf("{\"name\": \"%s\", \"%s\": %.3f}\n", name, unit, value);
    std::fflush(stdout);
}

// A client's round: how many requests, and what they cost it.
inline void report_requests(long requests, double cpu_ns) {
    std::printf("{\"requests\": %ld, \"client_cpu_ns\": %.0f}\n", requests, cpu_ns);
    std::fflush(stdout);
}

// Forces `value` to exist: the optimiser may neither drop nor foresee it.
template <class T>
inline void keep(T& value) {
    asm volatile("" : "+m"(value) : : "memory");
}

// The rounds of one case. They are short and many, and the tenth percentile of them is what is reported:
// a neighbour on the same physical core doubles the CPU time of whole stretches, never the reverse, so the
// quiet rounds are the true ones (bench/README.md, "Method").
//
//     Rounds rounds("yield_1", 500'000);
//     while (rounds.next()) { for (long i = 0; i < rounds.operations(); ++i) co_await yield(); }
//
// The first round only warms the caches and the allocator; it is not counted.
class Rounds {
public:
    Rounds(const char* name, long operations) : name_(name), operations_(operations) {}

    // Ends one round and begins another; false when there are enough, and the case has been reported.
    bool next() {
        const double now = cpu_ns();
        if (begun_ > 1) per_operation_.push_back((now - started_) / static_cast<double>(operations_));
        if (begun_++ > kRounds) {
            std::sort(per_operation_.begin(), per_operation_.end());
            report(name_, "ns", per_operation_[per_operation_.size() / 10]);
            return false;
        }
        started_ = cpu_ns();
        return true;
    }

    long operations() const { return operations_; }

private:
    static constexpr int kRounds = 40;
    const char* name_;
    long operations_;
    int begun_ = 0;
    double started_ = 0;
    std::vector<double> per_operation_;
};

// What a crowd of tasks costs: peak resident bytes per task and CPU seconds in all, from construction
// until report().
class Crowd {
public:
    explicit Crowd(double tasks) : tasks_(tasks), resident_(status_bytes("VmRSS:")), started_(cpu_ns()) {}

    void report() const {
        const double seconds = (cpu_ns() - started_) / 1e9;
        bench::report("sleep_1m_bytes", "bytes", (status_bytes("VmHWM:") - resident_) / tasks_);
        bench::report("sleep_1m_cpu_s", "seconds", seconds);
    }

private:
    double tasks_, resident_, started_;
};

// The cases a program knows, by name: `program yield_1 queue_item` runs two of them in one process.
struct Case {
    const char* name;
    void (*run)();
};

template <int N>
int run_cases(int argc, char** argv, const Case (&cases)[N]) {
    if (argc < 2) {
        for (const Case& each : cases) std::printf("%s\n", each.name);
        return 0;
    }
    for (int i = 1; i < argc; ++i) {
        const auto* found =
            std::find_if(cases, cases + N, [&](const Case& each) { return std::strcmp(each.name, argv[i]) == 0; });
        if (found == cases + N) {
            std::fprintf(stderr, "%s: no case named %s; without arguments the cases are listed\n", argv[0], argv[i]);
            return 2;
        }
        found->run();
    }
    return 0;
}

}  // namespace bench
