#include "support/async_test.hpp"

#include "support/rerun.hpp"
#include "support/test_run.hpp"

#include "base/describe.hpp"
#include "core/observe.hpp"

#include <algorithm>

namespace aio::test {

bool rerunning() noexcept { return harness::rerun_mode() != harness::RerunMode::none; }
std::size_t scaled(std::size_t n) noexcept { return rerunning() ? std::min<std::size_t>(n, 20) : n; }
bool simulated() noexcept { return harness::backend_name() == "sim"; }
bool virtual_time() noexcept { return simulated() && harness::rerun_mode() != harness::RerunMode::late; }

Coro<> run_passes(int n) {
    for (int i = 0; i < n; ++i) co_await aio::sleep(Duration(0));
}

Coro<> settle() {
    // In a shuffled pass others may come after this task.
    const auto& state = get_running_loop().state();
    do {
        co_await aio::sleep(Duration(0));
    } while (!state.ready.empty() || state.rest_of_pass);
}

void must_hold(bool holds, std::string_view invariant, std::source_location where) {
    if (holds) return;
    const UnwatchedAllocations mine;
    harness::note_problem("at line " + std::to_string(where.line()) + ": it does not hold that " +
                          std::string(invariant));
}

std::size_t pending_timers() { return get_running_loop().state().timers.size(); }

void Stopwatch::expect(Duration expected, std::source_location where) const {
    const Duration seen = elapsed();
    if (virtual_time() ? seen == expected : seen >= expected && seen < expected + 2s) return;
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << "expected " << expected.count() << " ns to pass, not " << seen.count();
}

void note_no_exception(const std::source_location& where) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << "nothing was thrown";
}
void note_wrong_exception(const std::source_location& where) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << "another exception: " << aio::detail::describe_exception(std::current_exception());
}

namespace harness {

namespace {

void check(const Outcome& outcome) {
    if (outcome.error) ADD_FAILURE() << "the body threw " << aio::detail::describe_exception(outcome.error);
    if (outcome.stalled) ADD_FAILURE() << "the body waits for something that cannot come";
    if (!outcome.problem.empty()) ADD_FAILURE() << outcome.problem;
    EXPECT_EQ(outcome.tasks_left, 0u) << "tasks are left when the body has ended";
    EXPECT_EQ(outcome.timers_left, 0u) << "timers are left when the body has ended";
    for (const Report& report : outcome.reports) ADD_FAILURE() << "reported, and not taken: " << report.text;
    for (const std::string& line : outcome.logs) ADD_FAILURE() << "logged, and not taken: " << line;
}

}  // namespace

void run_test(Body body, unsigned options) {
    if (rerunning()) return rerun(body, options);
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    const CrashNote note(std::string(test->test_suite_name()) + "." + test->name(), RerunMode::none, "");
    check(run_once(body, {}));
}

}  // namespace harness

}  // namespace aio::test
