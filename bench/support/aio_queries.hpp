// The shape of what aio's database programs measure: tasks that ask, each from a connection or a pool.
#pragma once

#include <aio/aio.hpp>

#include <cstddef>
#include <utility>
#include <vector>

#include "queries.hpp"

namespace bench {

// `ask(source, left)` asks until no query is left. Each task has one of `sources`, in turn.
template <class Source, class Ask>
aio::Coro<> ask_all(std::vector<Source> sources, int tasks, const char* name, long queries, Ask ask) {
    QueryRounds rounds(name, queries);
    while (rounds.next()) {
        long left = rounds.queries();
        std::vector<aio::Coro<>> asking;
        for (int i = 0; i < tasks; ++i)
            asking.push_back(ask(sources[static_cast<std::size_t>(i) % sources.size()], left));
        co_await aio::gather(std::move(asking));
    }
}

// The same with connections made by `connect()`, which are closed in the end.
template <class Connect, class Ask>
aio::Coro<> on_connections(int connections, int tasks, const char* name, long queries, Connect connect, Ask ask) {
    auto first = co_await connect();
    std::vector<decltype(first)> all(1, first);
    while (static_cast<int>(all.size()) < connections) {
        auto another = co_await connect();
        all.push_back(another);
    }
    co_await ask_all(all, tasks, name, queries, ask);
    for (const auto& connection : all) co_await connection.close();
}

// And with a pool.
template <class Pool, class Ask>
aio::Coro<> on_pool(aio::Coro<Pool> opening, int tasks, const char* name, long queries, Ask ask) {
    const Pool pool = co_await std::move(opening);
    const std::vector<Pool> one(1, pool);
    co_await ask_all(one, tasks, name, queries, ask);
    co_await pool.close();
}

}  // namespace bench
