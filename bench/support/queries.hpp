// How programs that wait for a database measure: CPU time of this process per query, and queries per second. As Rounds in
// measure.hpp, but one round ends when its last answer is there.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "measure.hpp"

namespace bench {

//     QueryRounds rounds("one", 500);
//     while (rounds.next()) { for (long i = 0; i < rounds.queries(); ++i) ... }
//
// The first round opens and warms; it is not counted. The tenth percentile of the others is reported.
class QueryRounds {
public:
    QueryRounds(const char* name, long queries) : name_(name), queries_(queries) {}

    // Ends one round and begins another; false when there are enough, and the case has been reported.
    bool next() {
        if (begun_ > 1) {
            const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started_;
            cpu_.push_back((cpu_ns() - started_cpu_) / static_cast<double>(queries_));
            seconds_.push_back(wall.count() / static_cast<double>(queries_));
        }
        if (begun_++ > kRounds) {
            std::printf("{\"name\": \"%s\", \"ns\": %.1f, \"per_second\": %.0f}\n", name_, quiet(cpu_),
                        1 / quiet(seconds_));
            std::fflush(stdout);
            return false;
        }
        started_ = std::chrono::steady_clock::now();
        started_cpu_ = cpu_ns();
        return true;
    }

    long queries() const { return queries_; }

private:
    static constexpr int kRounds = 40;

    static double quiet(std::vector<double>& samples) {
        std::sort(samples.begin(), samples.end());
        return samples[samples.size() / 10];
    }

    const char* name_;
    long queries_;
    int begun_ = 0;
    std::chrono::steady_clock::time_point started_;
    double started_cpu_ = 0;
    std::vector<double> cpu_, seconds_;
};

// Ends the program when an answer is not the right one.
inline void expect_answer(bool right, const char* program) {
    if (right) return;
    std::fprintf(stderr, "%s: wrong answer\n", program);
    std::exit(1);
}

}  // namespace bench
