// What a crash or a hang leaves on stderr: the test, what was made to go wrong, and how to replay it.
#include "support/rerun.hpp"

#include <sys/time.h>

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstring>

// Sanitizers call this instead of raising a signal.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace aio::test::harness {

namespace {

constexpr unsigned kSecondsPerRun = 60;

char note[1024];

void write_note(const char* what) noexcept {
    if (!note[0]) return;
    const auto write_text = [](const char* text) { static_cast<void>(!::write(2, text, std::strlen(text))); };
    write_text("\n*** ");
    write_text(what);
    write_text(" in ");
    write_text(note);
    write_text("\n");
}

extern "C" void on_fatal_signal(int signal) {
    write_note(signal == SIGALRM ? "hang (no end after a minute)" : "crash");
    ::signal(signal, SIG_DFL);
    ::raise(signal == SIGALRM ? SIGABRT : signal);
}

void on_sanitizer_death() { write_note("sanitizer report"); }

}  // namespace

CrashNote::CrashNote(const std::string& test, RerunMode mode, const std::string& k) {
    if (mode == RerunMode::none) {
        std::snprintf(note, sizeof note, "%s", test.c_str());
    } else {
        std::snprintf(note, sizeof note,
                      "%s\n*** replay: AIO_BACKEND=%s AIO_TEST_RERUN=%s AIO_TEST_K=%s --gtest_filter=%s",
                      test.c_str(), std::string(backend_name()).c_str(), name_of(mode), k.c_str(), test.c_str());
    }
    ::alarm(kSecondsPerRun);
}

CrashNote::~CrashNote() {
    ::alarm(0);
    note[0] = 0;
}

void install_crash_handlers() {
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(on_sanitizer_death);
        ::signal(SIGALRM, on_fatal_signal);
        return;
    }
    static char stack[64 * 1024];  // a stack overflow leaves no other
    stack_t alternative = {};
    alternative.ss_sp = stack;
    alternative.ss_size = sizeof stack;
    ::sigaltstack(&alternative, nullptr);
    struct sigaction action = {};
    action.sa_handler = on_fatal_signal;
    action.sa_flags = SA_ONSTACK;
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM}) ::sigaction(signal, &action, nullptr);
}

}  // namespace aio::test::harness
