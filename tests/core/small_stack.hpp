// Runs code on a stack that is small, and lines of tasks that are long for it: code that recurses once per task dies there,
// as it dies on an ordinary stack with a million.
#pragma once

#include <pthread.h>

#include <exception>
#include <functional>
#include <stdexcept>

#include "core/sanitized.hpp"

namespace aio::test {

inline constexpr std::size_t kSmallStack = kSanitized ? 2 << 20 : 768 << 10;
inline constexpr int kLongLine = kSanitized ? 4'000 : 10'000;

// Calls `function` on a thread with kSmallStack. Errors: what it throws.
inline void on_small_stack(std::function<void()> function) {
    struct Call {
        std::function<void()> function;
        std::exception_ptr error;
    } call{std::move(function), nullptr};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kSmallStack);
    const auto run = [](void* argument) -> void* {
        auto& call = *static_cast<Call*>(argument);
        try {
            call.function();
        } catch (...) {
            call.error = std::current_exception();
        }
        return nullptr;
    };
    pthread_t thread;
    const int failed = pthread_create(&thread, &attributes, run, &call);
    pthread_attr_destroy(&attributes);
    if (failed) throw std::runtime_error("pthread_create failed");
    pthread_join(thread, nullptr);
    if (call.error) std::rethrow_exception(call.error);
}

}  // namespace aio::test
