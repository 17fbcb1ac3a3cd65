// The way of every driver's transaction(): begin, the body, commit or roll back. Internal.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace aio::db::detail {

// Runs `body` inside of a block. Block: Coro<std::exception_ptr> begin(), whose result is a CancelledError that came while it
// began, or null; Coro<> commit(); Coro<> roll_back(), which tells no errors; void post_roll_back() noexcept, the same without
// waiting, for a task that was cancelled. Result: the body's.
template <class T, class Block, class F>
Coro<T> run_in_block(Block& block, F& body) {
    aio::detail::ValueSlot<T> result;
    std::exception_ptr failure = co_await block.begin();
    bool is_cancelled = failure != nullptr;
    if (!failure) {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await body();
            } else {
                result.value.emplace(co_await body());
            }
        } catch (const CancelledError&) {
            failure = std::current_exception();
            is_cancelled = true;
        } catch (...) {
            failure = std::current_exception();
        }
    }
    if (failure) {
        if (is_cancelled) {
            block.post_roll_back();
        } else {
            co_await block.roll_back();
        }
        std::rethrow_exception(failure);
    }
    co_await block.commit();
    if constexpr (!std::is_void_v<T>) co_return std::move(*result.value);
}

}  // namespace aio::db::detail
