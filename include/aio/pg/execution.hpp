// How a statement and its arguments get to a session: what connections, prepared statements and cursors share. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/results.hpp>
#include <aio/db/sql.hpp>
#include <aio/pg/parameters.hpp>
#include <aio/pg/row.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace aio::pg::detail {

class Session;
using SharedSession = std::shared_ptr<Session>;
using SharedResult = db::detail::SharedResult<Result>;

// A reference to what encodes a statement's arguments once their types are known. A statement is run once for each set of
// arguments; the call for a set that there is not returns false.
class EncodeArguments {
public:
    template <class F>
        requires(!std::same_as<std::remove_cv_t<F>, EncodeArguments>)  // those are copied
    explicit EncodeArguments(F& encode) noexcept
        : object_(&encode),
          call_([](void* object, Parameters& into, const TypeCatalog& types, std::span<const Oid> oids,
                   std::size_t set) { return (*static_cast<F*>(object))(into, types, oids, set); }) {}
    bool operator()(Parameters& into, const TypeCatalog& types, std::span<const Oid> oids, std::size_t set) const {
        return call_(object_, into, types, oids, set);
    }

private:
    void* object_;
    bool (*call_)(void*, Parameters&, const TypeCatalog&, std::span<const Oid>, std::size_t);
};

// Encodes one set, of arguments that must outlive it.
template <class... Args>
auto encoder_of(const Args&... args) noexcept {
    return [&](Parameters& into, const TypeCatalog& types, std::span<const Oid> oids, std::size_t set) {
        if (set > 0) return false;
        encode_arguments(into, types, oids, args...);
        return true;
    };
}

// What is wanted of a run.
struct Execution {
    RowsWanted wanted = RowsWanted::all;
    std::string_view portal = {};  // its name, if more is wanted of it later; it must outlive the run
    std::int32_t max_rows = 0;     // of the first answer; 0: all
    bool binds_only = false;       // the portal is made, and no row is asked for yet
};

// One row is enough: the server need not make more.
constexpr Execution execution_for(RowsWanted wanted) noexcept {
    return {.wanted = wanted, .max_rows = wanted == RowsWanted::first ? 1 : 0};
}

// Errors: the server's; those of the arguments' conversion, and then nothing was sent.
Coro<SharedResult> run_statement(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                 Execution execution);
const std::string& tag_of(const ResultData& data) noexcept;

// `sql` is or keeps what converts to a std::string_view.
template <class Text, class... Args>
Coro<SharedResult> run_with(SharedSession session, Text sql, Execution execution, Args... args) {
    auto encode = encoder_of(args...);
    const EncodeArguments arguments(encode);
    co_return co_await run_statement(std::move(session), sql, arguments, execution);
}

template <class Set>
struct SqlForTuple;
template <class... Args>
struct SqlForTuple<std::tuple<Args...>> {
    using type = db::Sql<Args...>;
};
// The text of a statement with as many placeholders as the tuples of Sets have values.
template <class Sets>
using SqlForSets = typename SqlForTuple<std::remove_cvref_t<decltype(*std::begin(std::declval<Sets&>()))>>::type;

// Once for each tuple of `sets`.
template <class Text, class Sets>
Coro<SharedResult> run_many(SharedSession session, Text sql, RowsWanted wanted, Sets sets) {
    auto next = std::begin(sets);
    auto encode = [&](Parameters& into, const TypeCatalog& types, std::span<const Oid> oids, std::size_t set) {
        if (set == 0) next = std::begin(sets);  // once more, of a statement that was prepared anew
        if (next == std::end(sets)) return false;
        const auto encode_set = [&](const auto&... args) { encode_arguments(into, types, oids, args...); };
        std::apply(encode_set, *next);
        ++next;
        return true;
    };
    const EncodeArguments arguments(encode);
    co_return co_await run_statement(std::move(session), sql, arguments, {.wanted = wanted});
}

inline Coro<> nothing_after(Coro<SharedResult> run) { co_await std::move(run); }
inline Coro<std::string> tag_after(Coro<SharedResult> run) { co_return tag_of(*co_await std::move(run)); }

}  // namespace aio::pg::detail
