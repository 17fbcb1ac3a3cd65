// select(): the first of several awaitables; the others are cancelled.
//
//     auto first = co_await aio::select(reader.readline(), stop.wait(), aio::sleep(30s));
//     if (first.index() == 0) use(std::get<0>(first));         // 0: a line; 1: stop was set; 2: neither for 30 s
//
//     auto [index, page] = co_await aio::select(std::move(mirrors));      // of one type, in a vector
//
// Source: tokio's select! and anyio's task groups have the idea; asyncio users write wait(...,
// FIRST_COMPLETED) and cancel().
#pragma once

#include <aio/core/gather.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace aio {

namespace detail {

// Waits until one of `futures` is done, cancels the others and waits until they have ended.
// Result: the index of the first.
Coro<std::size_t> first_of(std::vector<FutureRef<FutureBase>> futures);

// The type that represents the result of an F in a std::variant or std::pair.
template <class F>
using SelectedItem = std::conditional_t<std::is_reference_v<typename F::value_type>,
                                        std::reference_wrapper<std::remove_reference_t<typename F::value_type>>,
                                        typename GatherItem<F, false>::type>;

// Errors: the exception of the future.
template <class F>
SelectedItem<F> take_selected(F& future) {
    future.base()->check_value();
    return GatherItem<F, false>::take(*future.base(), 1);
}

template <class... Fs>
Coro<std::variant<SelectedItem<Fs>...>> select_each(std::tuple<Fs...> futures) {
    std::size_t place = 0;
    {
        std::vector<FutureRef<FutureBase>> all;
        std::apply([&all](Fs&... each) { (all.push_back(FutureRef<FutureBase>::share(each.base())), ...); }, futures);
        place = co_await first_of(std::move(all));
    }
    using Selected = std::variant<SelectedItem<Fs>...>;
    std::optional<Selected> selected;
    const auto take = [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((place == I ? void(selected.emplace(std::in_place_index<I>, take_selected(std::get<I>(futures)))) : void()),
         ...);
    };
    take(std::index_sequence_for<Fs...>());
    co_return std::move(*selected);
}

template <class F>
Coro<std::pair<std::size_t, SelectedItem<F>>> select_of(std::vector<F> futures) {
    if (futures.empty()) throw ValueError("select: nothing to wait for");
    std::size_t place = 0;
    {
        std::vector<FutureRef<FutureBase>> all;
        for (const F& future : futures) all.push_back(FutureRef<FutureBase>::share(future.base()));
        place = co_await first_of(std::move(all));
    }
    co_return std::pair<std::size_t, SelectedItem<F>>(place, take_selected(futures[place]));
}

}  // namespace detail

// Starts the awaitables, as gather() does, waits until one is done, and cancels the others. Result: a std::variant of
// their results in the order of the arguments, which holds the result of the first that is done (of several in one
// pass, the first argument); None for void, a std::reference_wrapper for a reference. It returns after the others have
// ended: their results are dropped, their errors reported as those of any task whose exception is never retrieved.
// Cancel: all are cancelled and waited for; a task that was passed in keeps its result. Errors: that of the first one.
template <class... As>
    requires(sizeof...(As) > 0 && (detail::TaskSource<As> && ...))
auto select(As&&... awaitables) {
    AIO_CHECK_LAMBDA(As...);
    using Futures = std::tuple<detail::EnsuredFuture<As>...>;
    return detail::select_each(Futures{ensure_future(std::forward<As>(awaitables))...});
}

// The same of one type. Result: a std::pair of the index of the first one and its result. Errors: also ValueError when
// `awaitables` is empty.
template <class A>
auto select(std::vector<A> awaitables) {
    using F = detail::EnsuredFuture<A>;
    std::vector<F> futures;
    futures.reserve(awaitables.size());
    for (A& awaitable : awaitables) futures.push_back(ensure_future(std::move(awaitable)));
    return detail::select_of(std::move(futures));
}

}  // namespace aio
