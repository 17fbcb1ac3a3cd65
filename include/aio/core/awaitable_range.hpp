// Ranges of awaitables: which are some, and how their elements are taken.
#pragma once

#include <aio/core/awaitable.hpp>

#include <iterator>
#include <type_traits>
#include <utility>

namespace aio::detail {

template <class R>
concept Range = requires(R& range) {
    *std::begin(range);
    std::end(range);
};

// What `*it` is, and what an element is once it was taken.
template <class R>
using range_reference = decltype(*std::begin(std::declval<std::remove_reference_t<R>&>()));
template <class R>
using range_element = std::remove_cvref_t<range_reference<R>>;

template <class R>
concept AwaitableRange = Range<std::remove_reference_t<R>> && !TaskSource<R> && TaskSource<range_element<R>>;

// The element at `at` of a range that was passed as an R&&: copied out of a range that the caller keeps, moved out of any
// other; or what the range makes when it is asked.
template <class R, class Iterator>
range_element<R> take_element(Iterator& at) {
    if constexpr (!std::is_lvalue_reference_v<range_reference<R>>) {
        return *at;
    } else if constexpr (std::is_lvalue_reference_v<R> ||
                         std::is_const_v<std::remove_reference_t<range_reference<R>>>) {
        static_assert(!is_coro<range_element<R>>,
                      "a coroutine object is used once: pass the range of them with std::move");
        return *at;
    } else {
        return std::move(*at);
    }
}

// A whole range that was passed as an R&&: one of coroutines to be moved from, any other as it came.
template <class R>
decltype(auto) take_range(std::remove_reference_t<R>& range) {
    if constexpr (is_coro<range_element<R>>) {
        static_assert(!std::is_lvalue_reference_v<R>,
                      "a coroutine object is used once: pass the range of them with std::move");
        return std::move(range);
    } else {
        return static_cast<R&&>(range);
    }
}

}  // namespace aio::detail
