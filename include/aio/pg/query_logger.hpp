// Query loggers: functions that a connection calls after each statement, for example to find slow ones. asyncpg's
// add_query_logger() and query_logger():
//
//     auto logging = connection.query_logger([](const aio::pg::LoggedQuery& query) {
//         if (query.elapsed > 1s) fmt::print("{} took {}\n", query.query, query.elapsed);
//     });  // until `logging` is destroyed
//
// Source: asyncpg 0.30 connection.py: LoggedQuery, _time_and_log().
#pragma once

#include <aio/core/time.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

namespace aio::pg {

namespace detail {
class Session;
void forget_query_logger(Session& session, std::uint64_t number) noexcept;
}  // namespace detail

// A statement that has ended.
struct LoggedQuery {
    std::string_view query;  // its SQL, valid during the call; without its arguments
    Duration elapsed{};      // from the call to the result, with the time that it waited for others on the connection
    std::exception_ptr error;  // that it ended with, also CancelledError; null: none
};

// Removes a logger when it is destroyed: the result of Connection::query_logger().
class [[nodiscard]] QueryLogger {
public:
    // For the library.
    QueryLogger(std::shared_ptr<detail::Session> session, std::uint64_t number) noexcept
        : session_(std::move(session)), number_(number) {}
    QueryLogger(QueryLogger&& other) noexcept : session_(std::move(other.session_)), number_(other.number_) {}
    QueryLogger& operator=(QueryLogger&& other) noexcept {
        std::swap(session_, other.session_);
        std::swap(number_, other.number_);
        return *this;
    }
    ~QueryLogger() { remove(); }

    // Removes it now.
    void remove() noexcept {
        if (session_) detail::forget_query_logger(*std::exchange(session_, nullptr), number_);
    }

private:
    std::shared_ptr<detail::Session> session_;
    std::uint64_t number_;
};

}  // namespace aio::pg
