// What the compiler takes for a coroutine's promise: the memory of the promise proper, which may outlive the coroutine.
//
// A task that has ended keeps its result for whoever holds a handle, for as long as that is. Its parameters go when it ends,
// as a Python function's do: they may hold a connection, or the task before it in a chain without end. So the frame of a
// task that is done is destroyed at once, and the promise in it is left alone until nobody refers to it any more. To the
// compiler a promise has no destructor: ours runs when its memory is freed.
//
//     ended, nobody refers to it   frame().destroy(): the parameters' destructors, the promise's, and the memory is free
//     ended, and it is referred to frame().destroy(): the parameters' destructors
//     then the last handle goes    frame().destroy(): the promise's destructor, and the memory is free
//
// A frame begins with the addresses of the functions that resume and destroy it, with g++ as with clang: that is how the
// second destroy() finds another function than the first.
#pragma once

#include <aio/core/frame_pool.hpp>
#include <aio/core/ready_queue.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace aio::detail {

template <class Promise>
class PromiseMemory {
public:
    PromiseMemory() noexcept { ::new (static_cast<void*>(memory_)) Promise; }
    PromiseMemory(const PromiseMemory&) = delete;

    Promise& promise() noexcept { return *std::launder(reinterpret_cast<Promise*>(memory_)); }

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
        const bool far_apart = static_cast<std::size_t>(alignment) > FramePool::kMaxAlignment;
        const std::size_t size =
            far_apart ? static_cast<std::size_t>(alignment) : FramePool::padded(bytes, alignment);
        if (!keeps_promise(frame, size, far_apart ? free_kept_aligned : free_kept)) [[likely]]
            frame_pool.deallocate(frame, bytes, alignment);
    }

    // What the compiler asks a promise for, passed on.
    [[gnu::always_inline]] auto get_return_object(const void* where = __builtin_source_location()) noexcept {
        return promise().get_return_object(where);
    }
    auto initial_suspend() noexcept { return promise().initial_suspend(); }
    auto final_suspend() noexcept { return promise().final_suspend(); }
    void unhandled_exception() noexcept { promise().unhandled_exception(); }
    template <class A>
        requires(Promise::template comes_by_value<A>)
    auto await_transform(A awaitable, const void* where = __builtin_source_location()) {
        return promise().await_transform(std::move(awaitable), where);
    }
    template <class A>
        requires(!Promise::template comes_by_value<std::remove_cvref_t<A>>)
    auto await_transform(A&& awaitable, const void* where = __builtin_source_location()) {
        return promise().await_transform(std::forward<A>(awaitable), where);
    }

private:
    struct Head {
        std::uintptr_t resume;  // of a frame that is gone: its size, or its alignment where that is beyond the pool's
        void (*destroy)(void* frame);
    };
    // In Ready::references, while there is no promise: copying the parameters may fail, and comes before.
    static constexpr std::uint32_t kNotYet = 0xffff'ffff;

    static Promise& in(void* frame) noexcept {
        return std::coroutine_handle<PromiseMemory>::from_address(frame).promise().promise();
    }
    static void* before_promise(void* frame) noexcept {
        in(frame).references = kNotYet;
        return frame;
    }
    static bool keeps_promise(void* frame, std::size_t size, void (*destroy)(void*)) noexcept {
        Promise& promise = in(frame);
        if (promise.references == 0) [[likely]] {
            promise.~Promise();
            return false;
        }
        if (promise.references == kNotYet) return false;
        ::new (frame) Head{size, destroy};
        return true;
    }
    static void free_kept(void* frame) noexcept {
        const std::size_t size = static_cast<Head*>(frame)->resume;
        in(frame).~Promise();
        frame_pool.deallocate(frame, size);
    }
    static void free_kept_aligned(void* frame) noexcept {
        const auto alignment = std::align_val_t(static_cast<Head*>(frame)->resume);
        in(frame).~Promise();
        frame_pool.deallocate(frame, 0, alignment);
    }

    alignas(Promise) std::byte memory_[sizeof(Promise)];
};

}  // namespace aio::detail
