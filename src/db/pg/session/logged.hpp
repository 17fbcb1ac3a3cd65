// A statement whose end the session's query loggers are told. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/event_loop.hpp>

#include "db/pg/session/session.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace aio::pg::detail {

template <class T>
Coro<T> log_when_ended(std::shared_ptr<Session> session, std::string_view sql, Coro<T> run) {
    const TimePoint begin = get_running_loop().time();
    std::optional<T> result;
    std::exception_ptr error;
    try {
        result.emplace(co_await std::move(run));
    } catch (...) {
        error = std::current_exception();
    }
    session->events().log_query({sql, get_running_loop().time() - begin, error});
    if (error) std::rethrow_exception(error);
    co_return std::move(*result);
}

// `run` itself if there is no logger. `sql` must live until it has ended.
template <class T>
Coro<T> logged(const std::shared_ptr<Session>& session, std::string_view sql, Coro<T> run) {
    if (!session->events().has_query_loggers()) return run;
    return log_when_ended(session, sql, std::move(run));
}

}  // namespace aio::pg::detail
