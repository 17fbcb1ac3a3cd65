// What lives on a loop's backend beside tasks (connections, servers): it is told when the loop closes.
#pragma once

#include <aio/core/loop_core.hpp>

namespace aio::detail {

class LoopResource {
public:
    LoopResource(const LoopResource&) = delete;
    LoopResource& operator=(const LoopResource&) = delete;

    // The loop closes: cancel what is in flight, without waiting. Handles to this object may stay.
    virtual void loop_closing() noexcept = 0;

    void link_before(LoopResource& head) noexcept {
        previous_ = head.previous_;
        next_ = &head;
        previous_->next_ = this;
        head.previous_ = this;
    }
    void unlink() noexcept {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = this;
    }
    LoopResource* next() const noexcept { return next_; }

protected:
    LoopResource() noexcept : previous_(this), next_(this) {}
    ~LoopResource() { unlink(); }

private:
    LoopResource* previous_;
    LoopResource* next_;
};

// The head of a loop's list.
class LoopResources final : public LoopResource {
public:
    bool empty() const noexcept { return next() == this; }
    // Tells them all. Each leaves the list first, so that it may destroy itself or others.
    void loop_closing() noexcept override {
        while (!empty()) {
            LoopResource* resource = next();
            resource->unlink();
            resource->loop_closing();
        }
    }
};

}  // namespace aio::detail
