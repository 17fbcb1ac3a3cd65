// Runs what PerThread and others registered for the end of a thread, through one pthread key.
#include "base/per_thread.hpp"

#include <pthread.h>

#include <utility>

namespace aio::detail {

namespace {

constinit thread_local AtThreadExit* requests = nullptr;

// If the library is unloaded while threads that used it still run, their ends must not call unloaded code.
class Key {
public:
    explicit Key(void (*at_exit)(void*)) noexcept : made_(::pthread_key_create(&key_, at_exit) == 0) {}
    Key(const Key&) = delete;
    ~Key() {
        if (made_) ::pthread_key_delete(key_);
    }
    // Any value but null will do. Source: pthread_setspecific(3), glibc's nptl: the first 32 keys need no memory.
    void arm() const noexcept {
        if (made_) ::pthread_setspecific(key_, this);
    }

private:
    pthread_key_t key_ = 0;
    bool made_;
};

}  // namespace

void run_at_thread_exit(void*) {
    while (AtThreadExit* item = requests) {
        requests = std::exchange(item->next_, nullptr);
        item->function_(*item);
    }
}

void AtThreadExit::request() noexcept {
    static const Key key(run_at_thread_exit);
    next_ = std::exchange(requests, this);
    key.arm();
}

namespace {

// Created before main(), so that the key is among the first.
[[maybe_unused]] const bool early = [] {
    constinit thread_local static AtThreadExit nothing([](AtThreadExit&) noexcept {});
    nothing.request();
    return true;
}();

}  // namespace

}  // namespace aio::detail
