// Context variables: the map behind a context, the thread's own context, and scopes.
#include <aio/core/context.hpp>

#include <aio/core/waiter.hpp>

#include "base/per_thread.hpp"

#include <vector>

namespace aio {

namespace detail {

class ContextMap {
public:
    struct Entry {
        const void* key;
        ContextValue value;
    };

    std::atomic<std::uint32_t> references{1};  // contexts travel to executor threads
    std::vector<Entry> entries;                // a handful: a scan beats a tree
};

ContextMap* retain(ContextMap* map) noexcept {
    map->references.fetch_add(1, std::memory_order_relaxed);
    return map;
}

void release(ContextMap* map) noexcept {
    if (map->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete map;
}

const ContextValue* context_find(const ContextSlot& slot, const void* key) noexcept {
    if (!slot.map) return nullptr;
    for (const ContextMap::Entry& entry : slot.map->entries) {
        if (entry.key == key) return &entry.value;
    }
    return nullptr;
}

void context_assign(ContextSlot& slot, const void* key, ContextValue value) {
    ContextSlot fresh(new ContextMap);
    if (slot.map) {
        fresh.map->entries.reserve(slot.map->entries.size() + 1);
        for (const ContextMap::Entry& entry : slot.map->entries) {
            if (entry.key != key) fresh.map->entries.push_back(entry);
        }
    }
    if (value) fresh.map->entries.push_back({key, std::move(value)});
    slot = fresh;
}

constinit const ContextSlot ContextSlot::none;

namespace {

// A value that ends with its thread may look at variables once more, and set them.
struct OutsideLoops {
    ContextSlot slot;
    ~OutsideLoops() {
        while (slot.map) const ContextSlot last = std::exchange(slot, ContextSlot());
    }
};

}  // namespace

ContextSlot& thread_context() noexcept {
    constinit thread_local static PerThread<OutsideLoops> context;
    return context.get().slot;
}

ContextSlot& writable_context() {
    if (current.context) return *current.context;
    return current.task ? current.task->writable_context() : thread_context();
}

ContextScope::ContextScope(ContextSlot& slot) noexcept : previous_(std::exchange(current.context, &slot)) {}

ContextScope::~ContextScope() { current.context = previous_; }

}  // namespace detail

Context copy_context() {
    Context context;
    *context.slot() = detail::read_context();
    return context;
}

}  // namespace aio
