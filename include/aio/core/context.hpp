// Context variables: values that follow a task, as Python's contextvars.
//
//     aio::ContextVar<std::string> request_id{"request_id", "-"};
//     ...
//     request_id.set("42");                     // seen by this task and by the tasks that it starts from now on
//     aio::create_task(handle());               // gets a copy of the context
//
// A task runs in a copy of its creator's context; a callback runs in the one that was current when it was
// registered. Copying is one reference count. Outside a loop each thread has a context of its own.
// Source: PEP 567, CPython 3.12 contextvars.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/current.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace aio {

namespace detail {

// An immutable map from variables to values, shared by all contexts that agree. Null is the empty map.
class ContextMap;

ContextMap* retain(ContextMap* map) noexcept;
void release(ContextMap* map) noexcept;

// The slot with the map that set() replaces: a task's, a callback's, a Context's, or the thread's.
struct ContextSlot {
    ContextMap* map = nullptr;

    constexpr ContextSlot() noexcept = default;
    static const ContextSlot none;
    explicit ContextSlot(ContextMap* owned) noexcept : map(owned) {}
    ContextSlot(const ContextSlot& other) noexcept : map(other.map ? retain(other.map) : nullptr) {}
    ContextSlot& operator=(ContextSlot other) noexcept {
        std::swap(map, other.map);
        return *this;
    }
    ~ContextSlot() {
        if (map) release(map);
    }
};

// The context that is current here, to read: a task that never set a variable has none of its own.
inline const ContextSlot& read_context() noexcept;
// The same to write. Errors: std::bad_alloc.
ContextSlot& writable_context();

using ContextValue = std::shared_ptr<const void>;
// The value of the variable `key` in `slot`, or null. The pointer lives until the next set or reset in it.
const ContextValue* context_find(const ContextSlot& slot, const void* key) noexcept;
// A null value removes the variable. Errors: std::bad_alloc, and the slot is unchanged.
void context_assign(ContextSlot& slot, const void* key, ContextValue value);

ContextSlot& thread_context() noexcept;  // outside a loop

const ContextSlot* context_of(TaskBase* task) noexcept;  // task.cpp

inline const ContextSlot& read_context() noexcept {
    if (current.context) return *current.context;
    return current.task ? *context_of(current.task) : thread_context();
}

// Makes `slot` the current context until the scope ends.
class ContextScope {
public:
    explicit ContextScope(ContextSlot& slot) noexcept;
    ~ContextScope();
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;

private:
    ContextSlot* previous_;
};

}  // namespace detail

// A context: a mapping of variables to values in which tasks and callbacks run. contextvars.Context. A handle: copies
// name the same context; copy() makes an independent one.
class Context {
public:
    // An empty context. Errors: std::bad_alloc.
    Context() : slot_(std::make_shared<detail::ContextSlot>()) {}
    explicit Context(std::shared_ptr<detail::ContextSlot> slot) noexcept : slot_(std::move(slot)) {}

    // A new context with the same values; later changes to one are not seen in the other. Errors: std::bad_alloc.
    Context copy() const {
        Context other;
        *other.slot_ = *slot_;
        return other;
    }

    // Calls `f(args...)` in this context and returns its result: variables that it sets change this context, not the
    // caller's. Errors: those of `f`.
    template <class F, class... Args>
    decltype(auto) run(F&& f, Args&&... args) const {
        detail::ContextScope scope(*slot_);
        // (std::apply is what calls members too, without <functional>.)
        return std::apply(std::forward<F>(f), std::forward_as_tuple(std::forward<Args>(args)...));
    }

    bool operator==(const Context& other) const noexcept { return slot_ == other.slot_; }

    // For the library: the slot that tasks and callbacks share.
    const std::shared_ptr<detail::ContextSlot>& slot() const noexcept { return slot_; }

private:
    std::shared_ptr<detail::ContextSlot> slot_;
};

// A copy of the current context: the running callback's or task's, or outside a loop the thread's.
// contextvars.copy_context.
// Errors: std::bad_alloc.
Context copy_context();

// A variable whose value depends on the current context: contextvars.ContextVar. It is known by its address, so that it
// is neither copied nor moved: make it static, and let it outlive the contexts that have a value of it.
template <class T>
class ContextVar {
public:
    // The result of set(), for one reset().
    class Token {
    public:
        // The variable that was set.
        const ContextVar& var() const noexcept { return *var_; }
        // The value before that set(); nullopt when the context had none. Python's Token.old_value.
        std::optional<T> old_value() const {
            if (!old_) return std::nullopt;
            return *static_cast<const T*>(old_.get());
        }

    private:
        friend class ContextVar;
        Token(const ContextVar* var, detail::ContextValue old) : var_(var), old_(std::move(old)) {}
        const ContextVar* var_;
        detail::ContextValue old_;
        bool used_ = false;
    };

    // `name` is for messages only. Without a default, get() throws where no value is set.
    explicit ContextVar(std::string name) : name_(std::move(name)) {}
    ContextVar(std::string name, T default_value) : name_(std::move(name)), default_(std::move(default_value)) {}
    ContextVar(const ContextVar&) = delete;  // its address is its identity: make it static
    ContextVar& operator=(const ContextVar&) = delete;

    // The name given to the constructor.
    const std::string& name() const noexcept { return name_; }

    // A copy of the value in the current context, else of the default, or of `fallback` in place of the default.
    // Errors: RuntimeError when there is none of them (Python's LookupError).
    T get() const {
        if (const T* value = find()) return *value;
        if (default_) return *default_;
        throw RuntimeError("ContextVar '" + name_ + "' has no value in this context and no default");
    }
    T get(T fallback) const {
        if (const T* value = find()) return *value;
        return fallback;
    }

    // Sets the value in the current context. Result: a token with which reset() restores the value before.
    // Errors: std::bad_alloc, and the old value stays.
    Token set(T value) const {
        detail::ContextSlot& slot = detail::writable_context();
        const detail::ContextValue* old = detail::context_find(slot, this);
        Token token(this, old ? *old : nullptr);
        detail::context_assign(slot, this, std::make_shared<const T>(std::move(value)));
        return token;
    }

    // Restores the value from before the set() that returned `token`, or none. It acts on the context that is current
    // now, even if `token` comes from another one.
    // Errors: RuntimeError when the token was used before; ValueError when it is another variable's; std::bad_alloc.
    void reset(Token& token) const {
        if (token.used_) throw RuntimeError("ContextVar '" + name_ + "': this token was used once already");
        if (token.var_ != this) throw ValueError("ContextVar '" + name_ + "': the token is of another variable");
        detail::context_assign(detail::writable_context(), this, token.old_);
        token.used_ = true;
    }

private:
    const T* find() const noexcept {
        const detail::ContextValue* value = detail::context_find(detail::read_context(), this);
        return value ? static_cast<const T*>(value->get()) : nullptr;
    }

    std::string name_;
    std::optional<T> default_;
};

}  // namespace aio
