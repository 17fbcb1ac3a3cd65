// A callable of any type: std::function's job without <functional>, whose inclusion costs every user a tenth
// of a second of compile time.
#pragma once

#include <aio/base/assert.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace aio::detail {

template <class Signature>
class Function;

template <class R, class... Args>
class Function<R(Args...)> {
public:
    Function() noexcept = default;
    Function(std::nullptr_t) noexcept {}
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Function> &&
                 std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
    Function(F&& function) : target_(std::make_shared<Holder<std::decay_t<F>>>(std::forward<F>(function))) {}

    explicit operator bool() const noexcept { return target_ != nullptr; }
    // Precondition: not empty.
    R operator()(Args... args) const {
        AIO_ASSERT(target_);
        return target_->call(std::forward<Args>(args)...);
    }

private:
    struct Target {
        virtual ~Target() = default;
        virtual R call(Args... args) = 0;
    };
    template <class F>
    struct Holder final : Target {
        template <class G>
        explicit Holder(G&& g) : function(std::forward<G>(g)) {}
        R call(Args... args) override { return static_cast<R>(function(std::forward<Args>(args)...)); }
        F function;
    };

    std::shared_ptr<Target> target_;  // shared: a handler that replaces itself stays alive until it returns
};

}  // namespace aio::detail
