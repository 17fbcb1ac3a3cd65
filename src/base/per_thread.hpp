// Objects of which each thread has one, and static objects that are never destroyed. Neither needs memory to exist.
//
// A thread_local with a destructor is registered for destruction when the thread first reaches it, and glibc allocates
// the record; without memory it ends the process ("failed to register TLS destructor: out of memory"). That can be any
// call, in a noexcept function too. PerThread has no destructor: the thread's end is one pthread key for all of them,
// whose value is in the thread's own descriptor. The main thread's objects are not destroyed: exit() ends no thread.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace aio::detail {

// A call at the end of the calling thread. Part of an object that is constinit and thread_local.
class AtThreadExit {
public:
    using Function = void (*)(AtThreadExit& item) noexcept;
    explicit constexpr AtThreadExit(Function function) noexcept : function_(function) {}
    AtThreadExit(const AtThreadExit&) = delete;
    AtThreadExit& operator=(const AtThreadExit&) = delete;

    // `function(*this)` is called once when this thread ends, the latest request first. Not while a request is pending.
    // A function may make requests. Allocates nothing, unless the process had made 32 pthread keys before; the request
    // may then fail for want of memory: the function is not called, and what it would free leaks.
    void request() noexcept;

private:
    friend void run_at_thread_exit(void*);
    Function function_;
    AtThreadExit* next_ = nullptr;
};

// A T for each thread, made when the thread first asks for it and destroyed at the thread's end.
//
//     constinit thread_local PerThread<std::string> line;
//     line.get().clear();
template <class T>
class PerThread : AtThreadExit {
public:
    constexpr PerThread() noexcept : AtThreadExit(destroy) {}

    // Errors: those of T's constructor. T's destructor must not call it.
    T& get() {
        if (!made_) [[unlikely]]
            make();
        return *value();
    }
    // Null when this thread never called get().
    T* find() noexcept { return made_ ? value() : nullptr; }

private:
    void make() {
        ::new (static_cast<void*>(room_)) T();
        made_ = true;
        request();
    }
    T* value() noexcept { return std::launder(reinterpret_cast<T*>(room_)); }
    static void destroy(AtThreadExit& item) noexcept {
        auto& self = static_cast<PerThread&>(item);
        std::destroy_at(self.value());
        self.made_ = false;  // another thread-exit function may need it once more
    }

    alignas(T) std::byte room_[sizeof(T)] = {};
    bool made_ = false;
};

// A T that outlives every thread and every static object. Its room is static: `new` could fail at the first use.
//
//     static NeverDestroyed<Monitor> monitor;
template <class T>
class NeverDestroyed {
public:
    NeverDestroyed() { ::new (static_cast<void*>(room_)) T(); }
    NeverDestroyed(const NeverDestroyed&) = delete;
    NeverDestroyed& operator=(const NeverDestroyed&) = delete;

    T& operator*() noexcept { return *std::launder(reinterpret_cast<T*>(room_)); }

private:
    alignas(T) std::byte room_[sizeof(T)];
};

}  // namespace aio::detail
