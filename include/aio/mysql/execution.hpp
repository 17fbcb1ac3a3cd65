// How a statement and its arguments get to a session: what connections, prepared statements and cursors share. Internal, but for
// ExecuteResult.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/results.hpp>
#include <aio/db/sql.hpp>
#include <aio/mysql/parameters.hpp>
#include <aio/mysql/row.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::mysql {

// What a statement did.
struct ExecuteResult {
    std::uint64_t affected_rows;  // inserted, deleted or changed; rows that an UPDATE found unchanged do not count
    std::uint64_t insert_id;      // the first AUTO_INCREMENT value that it made, or 0
    std::uint16_t warnings;       // show_warnings() has their texts
    std::string info;             // "Records: 3  Duplicates: 0  Warnings: 0", of some statements
};

namespace detail {

class Session;
using SharedSession = std::shared_ptr<Session>;
using SharedResult = db::detail::SharedResult<Result>;

// A reference to what encodes a statement's arguments. A statement is run once for each set of arguments; the call for a set
// that there is not returns false.
class EncodeArguments {
public:
    template <class F>
        requires(!std::same_as<std::remove_cv_t<F>, EncodeArguments>)  // those are copied
    explicit EncodeArguments(F& encode) noexcept
        : object_(&encode), call_([](void* object, Parameters& into, std::size_t set) {
              return (*static_cast<F*>(object))(into, set);
          }) {}
    bool operator()(Parameters& into, std::size_t set) const { return call_(object_, into, set); }

private:
    void* object_;
    bool (*call_)(void*, Parameters&, std::size_t);
};

// Encodes one set, of arguments that must outlive it.
template <class... Args>
auto encoder_of(const Args&... args) noexcept {
    return [&](Parameters& into, std::size_t set) {
        if (set > 0) return false;
        encode_arguments(into, args...);
        return true;
    };
}

// Errors: the server's; those of the arguments' conversion, and then nothing was sent.
Coro<SharedResult> run_statement(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                 RowsWanted wanted);
// Once for each set of arguments: all or none.
Coro<SharedResult> run_statements(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                  RowsWanted wanted);
// All results of a statement that has several.
Coro<std::vector<SharedResult>> run_for_sets(SharedSession session, std::string_view sql, EncodeArguments arguments);
// Without arguments, in the text protocol.
Coro<SharedResult> run_text(SharedSession session, std::string sql, RowsWanted wanted);
Coro<std::vector<SharedResult>> run_text_for_sets(SharedSession session, std::string sql);
const ExecuteResult& done_of(const ResultData& data) noexcept;

// `sql` is or keeps what converts to a std::string_view.
template <class Text, class... Args>
Coro<SharedResult> run_with(SharedSession session, Text sql, RowsWanted wanted, Args... args) {
    auto encode = encoder_of(args...);
    const EncodeArguments arguments(encode);
    co_return co_await run_statement(std::move(session), sql, arguments, wanted);
}

template <class... Args>
Coro<std::vector<SharedResult>> run_for_sets_with(SharedSession session, std::string_view sql, Args... args) {
    auto encode = encoder_of(args...);
    const EncodeArguments arguments(encode);
    co_return co_await run_for_sets(std::move(session), sql, arguments);
}

template <class Set>
struct SqlForTuple;
template <class... Args>
struct SqlForTuple<std::tuple<Args...>> {
    using type = db::MySQLSql<Args...>;
};
// The text of a statement with as many placeholders as the tuples of Sets have values.
template <class Sets>
using SqlForSets = typename SqlForTuple<std::remove_cvref_t<decltype(*std::begin(std::declval<Sets&>()))>>::type;

// Once for each tuple of `sets`.
template <class Text, class Sets>
Coro<SharedResult> run_many(SharedSession session, Text sql, RowsWanted wanted, Sets sets) {
    auto next = std::begin(sets);
    auto encode = [&](Parameters& into, std::size_t set) {
        if (set == 0) next = std::begin(sets);  // once more, of a statement that was prepared anew
        if (next == std::end(sets)) return false;
        const auto encode_set = [&](const auto&... args) { encode_arguments(into, args...); };
        std::apply(encode_set, *next);
        ++next;
        return true;
    };
    const EncodeArguments arguments(encode);
    co_return co_await run_statements(std::move(session), sql, arguments, wanted);
}

inline Coro<ExecuteResult> done_after(Coro<SharedResult> run) { co_return done_of(*co_await std::move(run)); }
inline Coro<std::vector<Rows>> sets_after(Coro<std::vector<SharedResult>> run) {
    std::vector<SharedResult> results = co_await std::move(run);
    std::vector<Rows> sets;
    for (SharedResult& result : results) {
        if (Result::names_of(*result).size() > 0) sets.emplace_back(std::move(result));
    }
    co_return sets;
}

}  // namespace detail

}  // namespace aio::mysql
