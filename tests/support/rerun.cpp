#include "support/rerun.hpp"

#include <aio/core/frame_pool.hpp>

#include "base/describe.hpp"
#include "core/blocked.hpp"
#include "core/observe.hpp"
#include "support/allocations.hpp"
#include "support/malloc.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include <gtest/gtest-spi.h>

namespace aio::test::harness {

namespace {

constexpr const char* kModeNames[] = {"", "alloc", "malloc", "cancel", "io", "shuffle", "late"};

// Of a run in which nothing goes wrong and everything that could is counted.
constexpr std::uint64_t kNever = std::uint64_t{1} << 62;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Whether a sample will do: where a point fails, its neighbours mostly do.
bool brief() {
    static const bool wanted = number_from("AIO_TEST_BRIEF", 0) != 0;
    return wanted;
}

std::string current_test() {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    return std::string(test->test_suite_name()) + "." + test->name();
}

struct Point {
    std::uint64_t k = 0;
    unsigned variant = 0;
    std::string text() const { return std::to_string(k) + "." + std::to_string(variant); }
};

// AIO_TEST_K=17.1
std::optional<Point> only_point() {
    const char* text = std::getenv("AIO_TEST_K");
    if (!text) return std::nullopt;
    Point point;
    point.k = std::strtoull(text, const_cast<char**>(&text), 10);
    if (*text == '.') point.variant = static_cast<unsigned>(std::strtoul(text + 1, nullptr, 10));
    return point;
}

unsigned variants_of(RerunMode mode) {
    switch (mode) {
        case RerunMode::alloc:
        case RerunMode::malloc:
        case RerunMode::cancel: return 2;
        case RerunMode::io: return kIoVariants;
        default: return 1;
    }
}

Plan plan_of(RerunMode mode, const Point& point) {
    Plan plan;
    switch (mode) {
        case RerunMode::alloc:
        case RerunMode::malloc:
            plan.failing_allocation = point.k;
            plan.of_malloc = mode == RerunMode::malloc;
            plan.sticky = point.variant == 1;
            break;
        case RerunMode::cancel:
            plan.cancelled_step = point.k;
            plan.cancel_main = point.variant == 1;
            break;
        case RerunMode::io: plan.io_fault = {.k = point.k, .variant = point.variant}; break;
        case RerunMode::shuffle:
            plan.shuffle_seed = point.k;
            plan.thorough = point.k % 50 == 1;  // nothing fails here, only the order differs
            break;
        case RerunMode::late:
            plan.late_seed = point.k;
            plan.thorough = point.k % 50 == 1;
            break;
        case RerunMode::none: break;
    }
    return plan;
}

// A body may leave tasks that ran into the fault; a run with nothing wrong in it may not.
void quiet(Plan plan, const Body& body, Outcome& outcome) {
    testing::TestPartResultArray muted;
    testing::ScopedFakeTestPartResultReporter mute(testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS,
                                                   &muted);
    outcome = run_once(body, plan);
}

Coro<int> trivial() {
    co_await aio::sleep(Duration(0));
    co_return 42;
}

// A new loop still works.
std::string next_loop_problem() {
    try {
        EventLoop loop({.backend = backend_name()});
        const int answer = loop.run_until_complete(trivial());
        return answer == 42 ? "" : "the next loop gives a wrong answer";
    } catch (const std::exception& error) {
        return std::string("the next loop fails: ") + error.what();
    }
}

class Rerun {
public:
    Rerun(const Body& body, unsigned options, RerunMode mode) : body_(body), options_(options), mode_(mode) {}

    void operator()() {
        // One run without a fault fills the caches that would look like leaks.
        Outcome warm;
        quiet(seeded() ? Plan() : plan_of(mode_, {.k = kNever}), body_, warm);
        if (const std::optional<Point> only = only_point()) {
            run_point(*only);
            return;
        }
        const std::uint64_t points = number_from("AIO_TEST_POINTS", brief() ? 20 : 0);
        if (!seeded() && points && points < warm.points) {
            return run_some(points, warm.points);
        }
        for (unsigned variant = 0; variant < variants_of(mode_); ++variant) {
            for (std::uint64_t k = 1; k <= last_k(); ++k) {
                if (!run_point({k, variant}) || testing::Test::HasFailure()) break;
                if (testing::Test::IsSkipped()) return;
            }
        }
    }

private:
    static constexpr std::uint64_t kMostPoints = 20'000;

    // The k-th of `wanted` equal parts of 1..total has the k-th point, at a random place.
    void run_some(std::uint64_t wanted, std::uint64_t total) {
        std::seed_seq seeds{number_from("AIO_TEST_SEED", 1), std::hash<std::string>()(current_test())};
        std::mt19937 random(seeds);
        for (unsigned variant = 0; variant < variants_of(mode_); ++variant) {
            for (std::uint64_t part = 0; part < wanted; ++part) {
                const std::uint64_t first = part * total / wanted + 1;
                const std::uint64_t last = (part + 1) * total / wanted;
                const std::uint64_t k = std::uniform_int_distribution<std::uint64_t>(first, last)(random);
                run_point({k, variant});
                if (testing::Test::HasFailure() || testing::Test::IsSkipped()) return;
            }
        }
    }

    // Whether k is the seed of a run in which nothing fails.
    bool seeded() const { return mode_ == RerunMode::shuffle || mode_ == RerunMode::late; }

    std::uint64_t last_k() const {
        if (!seeded()) return kMostPoints;
        if (mode_ == RerunMode::late) return number_from("AIO_TEST_SEEDS", 20);
        return number_from("AIO_TEST_SEEDS", brief() ? 300 : 1000);
    }

    // False when nothing was left to go wrong.
    bool run_point(const Point& point) {
        const CrashNote note(current_test(), mode_, point.text());
        Outcome outcome = run_once_quietly(point);
        const bool injected = outcome.injected || seeded();
        std::string problem = outcome.problem;
        if (problem.empty() && plan_of(mode_, point).thorough) problem = next_loop_problem();
        outcome = Outcome();
        // GoogleTest keeps the text of failures.
        const bool silent = !testing::Test::HasFailure() && !testing::Test::IsSkipped();
        if (problem.empty() && silent && leaks(point)) problem = "memory leaked";
        if (!problem.empty()) ADD_FAILURE() << problem << "\n" << replay(point);
        return injected;
    }

    Outcome run_once_quietly(const Point& point) {
        Outcome outcome;
        const Plan plan = plan_of(mode_, point);
        const std::int64_t before = live();
        if (mode_ == RerunMode::late || (mode_ == RerunMode::shuffle && (options_ & kAnyOrder))) {
            SCOPED_TRACE(replay(point));
            outcome = run_once(body_, plan);
            if (outcome.error) ADD_FAILURE() << "the body threw " << aio::detail::describe_exception(outcome.error);
        } else {
            quiet(plan, body_, outcome);
        }
        outcome.reports.clear();
        outcome.reports.shrink_to_fit();
        outcome.logs.clear();
        outcome.logs.shrink_to_fit();
        std::exception_ptr().swap(outcome.error);
        // A thread that has given its answer may be letting go of what it was asked.
        for (int patience = 1000; live() > before && aio::detail::others_work() && patience > 0; --patience) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        const std::int64_t strings = outcome.problem.capacity() > std::string().capacity() ? 1 : 0;
        leaked_ = live() - before - strings;
        return outcome;
    }

    std::int64_t live() const noexcept { return mode_ == RerunMode::malloc ? live_mallocs() : live_blocks(); }

    // Whether the run before leaked; a cache that grew once is not a leak.
    bool leaks(const Point& point) {
        for (int attempt = 0; leaked_ > 0 && attempt < 3; ++attempt) run_once_quietly(point);
        return leaked_ > 0;
    }

    std::string replay(const Point& point) const {
        return "replay: AIO_BACKEND=" + std::string(backend_name()) + " AIO_TEST_RERUN=" + name_of(mode_) +
               " AIO_TEST_K=" + point.text() + " <this executable> --gtest_filter=" + current_test();
    }

    const Body& body_;
    const unsigned options_;
    const RerunMode mode_;
    std::int64_t leaked_ = 0;
};

std::set<std::string>& rerunnable_tests() {
    static std::set<std::string> names;
    return names;
}

}  // namespace

RerunMode rerun_mode() {
    static const RerunMode mode = [] {
        const char* text = std::getenv("AIO_TEST_RERUN");
        if (!text || !*text) return RerunMode::none;
        for (std::size_t i = 1; i < std::size(kModeNames); ++i) {
            if (std::string_view(text) == kModeNames[i]) return static_cast<RerunMode>(i);
        }
        std::fprintf(stderr, "AIO_TEST_RERUN is alloc, malloc, cancel, io, shuffle or late, not '%s'\n", text);
        std::exit(2);
    }();
    return mode;
}

const char* name_of(RerunMode mode) noexcept { return kModeNames[static_cast<std::size_t>(mode)]; }

void rerun(const Body& body, unsigned options) { Rerun(body, options, rerun_mode())(); }

bool register_rerunnable(const char* suite, const char* name, unsigned options) {
    if (!(options & kOnce)) rerunnable_tests().insert(std::string(suite) + "." + name);
    return true;
}

void prepare_reruns() {
    if (rerun_mode() == RerunMode::none) return;
    if (const std::uint64_t points = number_from("AIO_TEST_POINTS", 0)) {
        std::printf("%llu points of each test, by AIO_TEST_SEED=%llu\n", static_cast<unsigned long long>(points),
                    static_cast<unsigned long long>(number_from("AIO_TEST_SEED", 1)));
    }
    // Each frame a block of its own, so that frames fail and leak like anything else.
    const char* const frames = std::getenv("AIO_TEST_FRAMES");
    if (!frames || std::string_view(frames) != "pool") aio::detail::frame_pool.set_recycling(false);
    if (testing::GTEST_FLAG(filter) != "*") return;
    std::string filter;
    for (const std::string& name : rerunnable_tests()) filter += name + ":";
    testing::GTEST_FLAG(filter) = filter.empty() ? "-*" : filter;
}

}  // namespace aio::test::harness
