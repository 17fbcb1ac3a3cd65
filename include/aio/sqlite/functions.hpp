// Functions of the program's own in SQL: scalar functions, aggregates, collations.
//
//     co_await db.create_function("half", [](double x) { return x / 2; });
//     co_await db.create_aggregate<std::string>("longest", [](std::string& best, std::string_view text) { ... },
//                                              [](const std::string& best) { return best; });
//
// They run in the connection's thread, not in the loop's: they must not touch what the program's tasks use without a lock, and must
// not use the connection. Parameters and results are any types of codec.hpp, and std::optional where NULL may come; views are valid
// during the call. A function that takes a std::span<const Value> is passed any number of arguments. An exception becomes the error
// of the statement, with its text. They are destroyed in that thread when they are replaced or the connection is closed.
#pragma once

#include <aio/base/function.hpp>
#include <aio/sqlite/codec.hpp>
#include <aio/sqlite/codec_time.hpp>
#include <aio/sqlite/json.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace aio::sqlite {

// The options of a function.
struct FunctionOptions {
    bool deterministic =
        false;  // equal arguments give equal results: it may be used in indexes, and is called less often
    bool direct_only = false;  // not in triggers, views and what else the database file contains
};

namespace detail {

using Arguments = std::span<const Value>;

// Functions without their types. The number of arguments; -1: any.
struct Scalar {
    int arity = 0;
    aio::detail::Function<void(Arguments, Encoder&)> call;
};
struct Aggregate {
    int arity = 0;
    aio::detail::Function<std::shared_ptr<void>()> begin;
    aio::detail::Function<void(void*, Arguments)> step;
    aio::detail::Function<void(void*, Encoder&)> finish;
};
using Collation = aio::detail::Function<int(std::string_view, std::string_view)>;

template <class F>
struct SignatureOf : SignatureOf<decltype(&F::operator())> {};
template <class R, class... Args>
struct SignatureOf<R (*)(Args...)> {
    using Types = std::tuple<std::remove_cvref_t<Args>...>;
};
template <class C, class R, class... Args>
struct SignatureOf<R (C::*)(Args...)> : SignatureOf<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct SignatureOf<R (C::*)(Args...) const> : SignatureOf<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct SignatureOf<R (C::*)(Args...) noexcept> : SignatureOf<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct SignatureOf<R (C::*)(Args...) const noexcept> : SignatureOf<R (*)(Args...)> {};

template <class Types>
inline constexpr int arity_of = static_cast<int>(std::tuple_size_v<Types>);
template <>
inline constexpr int arity_of<std::tuple<Arguments>> = -1;

// Calls `f` with the arguments, converted to what it takes, behind those that are given.
template <class F, class... Types, class... Given>
decltype(auto) call_with(F& f, std::type_identity<std::tuple<Types...>>, Arguments arguments, Given&... given) {
    if constexpr (std::is_same_v<std::tuple<Types...>, std::tuple<Arguments>>) {
        return f(given..., arguments);
    } else {
        return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
            return f(given..., arguments[I].template get<Types>()...);
        }(std::index_sequence_for<Types...>());
    }
}

template <class Tuple>
struct WithoutFirst;
template <class First, class... Rest>
struct WithoutFirst<std::tuple<First, Rest...>> {
    using type = std::tuple<Rest...>;
};

template <class F>
Scalar scalar_of(F function) {
    using Types = typename SignatureOf<F>::Types;
    const auto call = [function = std::move(function)](Arguments arguments, Encoder& result) mutable {
        if constexpr (std::is_void_v<decltype(call_with(function, std::type_identity<Types>(), arguments))>) {
            call_with(function, std::type_identity<Types>(), arguments);
        } else {
            result.encode(call_with(function, std::type_identity<Types>(), arguments));
        }
    };
    return {arity_of<Types>, call};
}

template <class State, class Step, class Finish>
Aggregate aggregate_of(Step step, Finish finish) {
    using Types = typename WithoutFirst<typename SignatureOf<Step>::Types>::type;
    const auto begin = [] { return std::static_pointer_cast<void>(std::make_shared<State>()); };
    const auto add = [step = std::move(step)](void* state, Arguments arguments) mutable {
        call_with(step, std::type_identity<Types>(), arguments, *static_cast<State*>(state));
    };
    const auto end = [finish = std::move(finish)](void* state, Encoder& result) mutable {
        result.encode(finish(*static_cast<State*>(state)));
    };
    return {arity_of<Types>, begin, add, end};
}

}  // namespace detail

}  // namespace aio::sqlite
