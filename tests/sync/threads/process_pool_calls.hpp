// Calls for worker processes, and how they fail.
#pragma once

#include <aio/sync/process_pool.hpp>

#include "support/async_test.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

namespace aio::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool kThreadSanitizer = false;
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

inline int add(int a, int b) { return a + b; }
inline int here() { return ::getpid(); }
inline std::size_t length(const std::string& text) { return text.size(); }
inline std::string repeated(char c, std::size_t times) { return std::string(times, c); }
inline void nothing() {}
inline int die_of(int signal) {
    ::raise(signal);
    return 0;
}
inline int leave(int status) {
    if (kSanitized) ::_exit(status);  // exit() would look for leaks, among what the parent's threads hold
    std::exit(status);
}
inline int wait_for_the_end(int) {
    for (;;) ::pause();
}
template <class E>
int throw_with(std::string text) {
    throw E(text);
}

inline bool exists(int pid) { return ::kill(pid, 0) == 0; }
inline void wait_until_gone(int pid) {
    for (int tries = 0; exists(pid) && tries < 5000; ++tries) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(exists(pid)) << "process " << pid;
}

template <class F>
std::string broken_by(F&& call) {
    try {
        call();
    } catch (const BrokenProcessPool& error) {
        return error.what();
    }
    ADD_FAILURE() << "the pool is not broken";
    return "";
}
// The future is kept until its exception was read: ThreadSanitizer does not see how the C++ library counts references
// to exceptions, and must see who lets go last.
template <class T>
std::string broken(ConcurrentFuture<T> future) {
    return broken_by([&] { static_cast<void>(future.result(60s)); });
}
template <class E, class T>
std::string failed(ConcurrentFuture<T> future) {
    return expect_is<E>(future.exception(60s));
}

}  // namespace aio::test
