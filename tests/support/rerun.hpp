// Reruns: the same test again and again, with something else going wrong each time.
//
//   AIO_TEST_RERUN=alloc    the k-th operator new throws, for each k; once, then with all that follow
//   AIO_TEST_RERUN=malloc   the same for malloc, which OpenSSL, c-ares and libc call too (malloc.hpp)
//   AIO_TEST_RERUN=cancel   before the k-th step of any task, that task is cancelled; then the main task instead
//   AIO_TEST_RERUN=io       the k-th operation or socket call of the backend fails, in kIoVariants ways
//   AIO_TEST_RERUN=shuffle  AIO_TEST_SEEDS (default: 1,000) orders of the ready tasks, by seed
//   AIO_TEST_RERUN=late     the machine is busy: timers fire up to 40 ms late, by AIO_TEST_SEEDS (20) seeds; on sim
//   AIO_TEST_K=k.v          only that one: the number and the variant that a failure was reported with
//   AIO_TEST_POINTS=n       not each k, but n of them, one from each n-th part of the test, drawn by AIO_TEST_SEED (1);
//                           not for shuffle and late
//   AIO_TEST_BRIEF=1        20 points of each test and 300 orders, unless the variables above say otherwise
//   AIO_TEST_FRAMES=pool    frames are recycled, as in real life; otherwise each is a block of its own, which can fail
//                           and leak like any other
//
// A run must not crash, hang, leak memory, descriptors or tasks, or lose a wake-up; and the next loop must work.
// The body's own expectations count only in late runs, and in shuffled runs of tests with kAnyOrder.
#pragma once

#include "support/test_run.hpp"

namespace aio::test::harness {

enum class RerunMode { none, alloc, malloc, cancel, io, shuffle, late };
RerunMode rerun_mode();
const char* name_of(RerunMode mode) noexcept;

void rerun(const Body& body, unsigned options);

// Restricts GoogleTest to tests that can be rerun, unless the user chose a filter. Called by main().
void prepare_reruns();

// Written to stderr when the process crashes or a run takes more than a minute.
class CrashNote {
public:
    CrashNote(const std::string& test, RerunMode mode, const std::string& k);
    ~CrashNote();
    CrashNote(const CrashNote&) = delete;
    CrashNote& operator=(const CrashNote&) = delete;
};
void install_crash_handlers();

}  // namespace aio::test::harness
