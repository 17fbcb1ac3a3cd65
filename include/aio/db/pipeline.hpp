// Statements that are collected, and sent together: Connection::pipeline().
//
//     auto pipeline = connection.pipeline();
//     auto name = pipeline.fetchval<std::string>("SELECT name FROM users WHERE id = $1", 7);
//     auto visits = pipeline.fetchval<int>("UPDATE users SET visits = visits + 1 WHERE id = $1 RETURNING visits", 7);
//     co_await pipeline.run();  // one write, and one wait for all answers
//     fmt::print("{}: {}\n", name.get(), visits.get());
//
// The server executes them in this order. Each is a statement of its own: one that fails does not keep the others from taking
// effect, unless all are in a transaction(). Tasks that use a connection at the same time get the same without a pipeline.
// Thread rule: the loop's thread. Source: psycopg 3.2, Connection.pipeline(); libpq 17, chapter 34.5.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/result.hpp>
#include <aio/db/errors.hpp>
#include <aio/db/sql.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::db {

// What a statement of a pipeline returned. Copies share it.
template <class T>
class Answer {
public:
    // For the library.
    explicit Answer(std::shared_ptr<const std::optional<Result<T>>> result) noexcept : result_(std::move(result)) {}

    // Whether the statement has ended.
    bool is_ready() const noexcept { return result_->has_value(); }
    // The result. Errors: the statement's; InterfaceError before run() has ended.
    const T& get() const {
        if (!is_ready()) throw InterfaceError("Answer.get: the pipeline has not been run");
        return (*result_)->value();
    }

private:
    std::shared_ptr<const std::optional<Result<T>>> result_;
};

namespace detail {

// Result: its error, or null.
template <class T>
Coro<std::exception_ptr> keep_answer(Coro<T> statement, std::shared_ptr<std::optional<Result<T>>> answer) {
    answer->emplace(co_await as_result(std::move(statement)));
    co_return (*answer)->error();
}

}  // namespace detail

// A connection's statements, which run() sends. It may be used again after that.
template <class Connection, Dialect dialect>
class Pipeline {
public:
    template <class... Args>
    using Sql = BasicSql<dialect, std::type_identity_t<Args>...>;

    // For the library.
    explicit Pipeline(Connection connection) noexcept : connection_(std::move(connection)) {}

    // As the connection's functions of these names; the answers are there when run() has ended.
    template <class... Args>
    auto execute(Sql<Args...> sql, Args... args) {
        return add(connection_.template execute<Args...>(sql, std::move(args)...));
    }
    template <class... Args>
    auto fetch(Sql<Args...> sql, Args... args) {
        return add(connection_.template fetch<Args...>(sql, std::move(args)...));
    }
    template <class T, class... Args>
    Answer<std::vector<T>> fetch_as(Sql<Args...> sql, Args... args) {
        return add(connection_.template fetch_as<T, Args...>(sql, std::move(args)...));
    }
    template <class... Args>
    auto fetchrow(Sql<Args...> sql, Args... args) {
        return add(connection_.template fetchrow<Args...>(sql, std::move(args)...));
    }
    template <class T, class... Args>
    Answer<T> fetchval(Sql<Args...> sql, Args... args) {
        return add(connection_.template fetchval<T, Args...>(sql, std::move(args)...));
    }

    // Sends what was added since the last time, and waits for all of it. Cancel: what was not sent never is; the statement that
    // the server executes is stopped. Errors: the first one, when all statements have ended.
    Coro<> run() {
        std::vector<Coro<std::exception_ptr>> statements = std::move(statements_);
        statements_.clear();
        return run_all(std::move(statements));
    }

private:
    static Coro<> run_all(std::vector<Coro<std::exception_ptr>> statements) {
        const std::vector<std::exception_ptr> errors = co_await gather(std::move(statements));
        for (const std::exception_ptr& error : errors) {
            if (error) std::rethrow_exception(error);
        }
    }
    template <class T>
    Answer<T> add(Coro<T> statement) {
        auto answer = std::make_shared<std::optional<Result<T>>>();
        statements_.push_back(detail::keep_answer(std::move(statement), answer));
        return Answer<T>(std::move(answer));
    }

    Connection connection_;
    std::vector<Coro<std::exception_ptr>> statements_;
};

}  // namespace aio::db
