// Permit: the result of `co_await lock.scoped()` and `co_await semaphore.scoped()`; asyncio's `async with`.
//
//     auto permit = co_await semaphore.scoped();
//     ...                                         // released at the end of the scope, or by permit.release()
//
// Movable, and empty once released or moved from. It must not outlive its primitive.
#pragma once

#include <utility>

namespace aio {

// One acquisition of a Lock, Semaphore or AsyncLimiter, released by the destructor.
template <class Primitive>
class [[nodiscard("a permit that is not kept is released at once")]] Permit {
public:
    Permit() noexcept = default;  // empty
    // Adopts one acquisition of `owner`.
    explicit Permit(Primitive& owner) noexcept : owner_(&owner) {}
    Permit(Permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
        Permit(std::move(other)).swap(*this);
        return *this;
    }
    ~Permit() {
        if (owner_) owner_->give_back();
    }

    // Releases now. No effect on an empty permit. Errors: as the primitive's release().
    void release() {
        if (Primitive* owner = std::exchange(owner_, nullptr)) owner->release();
    }

    // False once it was released or moved from.
    bool owns() const noexcept { return owner_ != nullptr; }
    explicit operator bool() const noexcept { return owns(); }

private:
    void swap(Permit& other) noexcept { std::swap(owner_, other.owner_); }

    Primitive* owner_ = nullptr;
};

}  // namespace aio
