// The memory of a coroutine's promise, which may outlive the coroutine. To the compiler that memory is the promise.
//
// A task that has ended keeps its result for whoever holds a handle, for as long as that is. Its parameters go when it ends,
// as a Python function's do: they may hold a connection, or the task before it in a chain without end. So the frame of a
// task that is done is destroyed at once, but the promise in it stays until the last handle is gone. That is possible because
// the compiler sees a promise without a destructor: the library calls the destructor when it frees the memory.
//
//     it ends, no handle is left       frame().destroy(): destructors of the parameters and the promise; the memory is freed
//     it ends, a handle remains        frame().destroy(): destructors of the parameters
//     the last handle goes later       frame().destroy(): destructor of the promise; the memory is freed
//
// A frame begins with the addresses of the functions that resume and destroy it, with g++ as with clang: that is how the
// second destroy() finds another function than the first.
#pragma once

#include <aio/core/frame_pool.hpp>
#include <aio/core/waiter.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace aio::detail {

// A promise with more to destroy than a TaskBase. It knows how, because FrameMemory does not know its type.
class ManagedPromise : public TaskBase {
protected:
    using Destroy = void (*)(TaskBase&) noexcept;
    explicit ManagedPromise(Destroy how) noexcept : destroy_(how) {}
    template <class Promise>
    static void destroy_as(TaskBase& self) noexcept {
        static_cast<Promise&>(self).~Promise();
    }

private:
    template <bool>
    friend class FrameMemory;
    Destroy destroy_;
};

// How frames get their memory, and when promises in them are destroyed. No template of the promise's type: g++ 12 crashes
// on (-Wall) a frame's operator delete whose own name has a class of some coroutine's body in it.
template <bool Managed>
class FrameMemory {
public:
    static void* operator new(std::size_t bytes) { return before_promise(frame_pool.allocate(bytes)); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
        if (!keeps_promise(frame, bytes, free_kept)) [[likely]]
            frame_pool.deallocate(frame, bytes);
    }
    // clang's -fcoro-aligned-allocation calls these, and tells what the frame's variables need.
    static void* operator new(std::size_t bytes, std::align_val_t alignment) {
        return before_promise(frame_pool.allocate(bytes, alignment));
    }
    static void operator delete(void* frame, std::size_t bytes, std::align_val_t alignment) noexcept {
        const bool pooled = static_cast<std::size_t>(alignment) <= FramePool::kMaxAlignment;
        const std::size_t size = pooled ? FramePool::padded(bytes, alignment) : static_cast<std::size_t>(alignment);
        if (!keeps_promise(frame, size, pooled ? free_kept : free_kept_aligned)) [[likely]]
            frame_pool.deallocate(frame, bytes, alignment);
    }

private:
    struct Head {
        std::uintptr_t resume;  // of a frame that is gone: its size, or its alignment where that is beyond the pool's
        void (*destroy)(void* frame);
    };
    // In Ready::references, while there is no promise: copying the parameters may fail, and comes before.
    static constexpr std::uint32_t kNotYet = 0xffff'ffff;

    static TaskBase& in(void* frame) noexcept { return TaskBase::of(std::coroutine_handle<>::from_address(frame)); }
    static void* before_promise(void* frame) noexcept {
        in(frame).references = kNotYet;
        return frame;
    }
    static void destroy(TaskBase& promise) noexcept {
        if constexpr (Managed) {
            static_cast<ManagedPromise&>(promise).destroy_(promise);
        } else {
            promise.~TaskBase();
        }
    }
    static bool keeps_promise(void* frame, std::size_t size, void (*destroy_frame)(void*)) noexcept {
        TaskBase& promise = in(frame);
        if (promise.references == 0) [[likely]] {
            destroy(promise);
            return false;
        }
        if (promise.references == kNotYet) return false;
        ::new (frame) Head{size, destroy_frame};
        return true;
    }
    static void free_kept(void* frame) noexcept {
        const std::size_t size = static_cast<Head*>(frame)->resume;
        destroy(in(frame));
        frame_pool.deallocate(frame, size);
    }
    static void free_kept_aligned(void* frame) noexcept {
        const auto alignment = std::align_val_t(static_cast<Head*>(frame)->resume);
        destroy(in(frame));
        frame_pool.deallocate(frame, 0, alignment);
    }
};

// Of frames, and of the promises behind their heads, which have 16 bytes.
inline constexpr std::uintptr_t kFrameAlignment = 16;

// Errors: RuntimeError, always.
[[noreturn]] void refuse_frame();

template <class Promise>
class PromiseMemory : public FrameMemory<std::is_base_of_v<ManagedPromise, Promise>> {
public:
    // g++ 12 puts the flag of a condition with an await in front of the promise where the coroutine has no variable at its top
    // (docs/compilers.md). A handle that is made of the promise would then name what is no frame.
    PromiseMemory() noexcept(!kMayBeMisplaced) {
        if constexpr (kMayBeMisplaced) {
            if (reinterpret_cast<std::uintptr_t>(memory_) % kFrameAlignment != 0) [[unlikely]]
                refuse_frame();
        }
        ::new (static_cast<void*>(memory_)) Promise;
    }
    PromiseMemory(const PromiseMemory&) = delete;

    Promise& promise() noexcept { return *std::launder(reinterpret_cast<Promise*>(memory_)); }

private:
#if defined(__GNUC__) && !defined(__clang__)
    static constexpr bool kMayBeMisplaced = true;
#else
    static constexpr bool kMayBeMisplaced = false;
#endif

    alignas(Promise) std::byte memory_[sizeof(Promise)];
};

}  // namespace aio::detail
