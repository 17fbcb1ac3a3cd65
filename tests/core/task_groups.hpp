// What the tests of task groups share: children that count, and the errors in a group.
#pragma once

#include <aio/core/task_group.hpp>

#include "support/children.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace aio::test {

// Sleeps until it is cancelled, and counts that.
inline Coro<> count_cancel(int& cancels) {
    std::exception_ptr cancelled;
    try {
        co_await sleep(10s);
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
        ++cancels;
    }
    if (cancelled) std::rethrow_exception(cancelled);
}

// The same, and fails instead of being cancelled.
inline Coro<> fail_when_cancelled(std::string text) {
    bool cancelled = false;
    try {
        co_await sleep(10s);
    } catch (const CancelledError&) {
        cancelled = true;
    }
    if (cancelled) throw std::runtime_error(text);
}

// The texts of the errors in a group, sorted; nested groups in brackets.
inline Log leaves(const ExceptionGroup& group) {
    Log texts;
    for (const std::exception_ptr& error : group.exceptions()) {
        try {
            std::rethrow_exception(error);
        } catch (const ExceptionGroup& nested) {
            std::string all = "[";
            for (const std::string& text : leaves(nested)) all += (all.size() > 1 ? "," : "") + text;
            texts.push_back(all + "]");
        } catch (const std::exception& e) {
            texts.push_back(e.what());
        } catch (const BaseException& e) {
            texts.push_back(e.what());
        }
    }
    std::sort(texts.begin(), texts.end());
    return texts;
}

// Awaits and gives the leaves of the ExceptionGroup that must come.
template <class A>
Coro<Log> group_errors(A awaitable, std::source_location where = std::source_location::current()) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const ExceptionGroup& group) {
        EXPECT_EQ(group.message(), "unhandled errors in a TaskGroup");
        co_return leaves(group);
    }
    note_no_exception(where);
    co_return Log{};
}

}  // namespace aio::test
