// What a queue brings is stored in SQLite, many rows in one transaction, while other tasks query the same file.
#include <aio/aio.hpp>
#include <aio/sqlite.hpp>

#include "file_server.hpp"
#include "parts.hpp"

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;

namespace demo {

namespace {

constexpr int kPages = 5'000;

using Page = std::tuple<std::string, int, int>;  // path, status, bytes

// Ten crawlers would do this: each page that was fetched goes into the queue.
aio::Coro<> crawl(aio::Queue<Page>& pages, int crawler) {
    for (int i = 0; i < kPages / 10; ++i) {
        const int number = crawler + 10 * i;
        Page page(fmt::format("/page-{}", number), number % 50 == 0 ? 404 : 200, number * 7 % 10'000);
        co_await pages.put(std::move(page));
    }
}

// Stores what is there, all in one transaction.
aio::Coro<> store(Console& console, aio::Queue<Page>& pages, aio::sqlite::Pool pool) {
    std::size_t stored = 0;
    while (true) {
        std::vector<Page> batch;
        batch.push_back(co_await pages.get());
        while (!pages.empty()) batch.push_back(pages.get_nowait());
        co_await pool.executemany("INSERT INTO pages VALUES(?, ?, ?)", batch);
        stored += batch.size();
        console.progress("pages", stored, kPages);
        for (std::size_t i = 0; i < batch.size(); ++i) pages.task_done();
    }
}

// A reader sees the last commit, and waits for nobody.
aio::Coro<> watch(aio::sqlite::Pool pool, int& looks) {
    while (true) {
        co_await pool.fetchval<int>("SELECT count(*) FROM pages");
        ++looks;
        co_await aio::sleep(1ms);
    }
}

aio::Coro<> show_database(Console& console) {
    TemporaryFolder folder;
    auto pool = co_await aio::sqlite::create_pool((folder.path() / "pages.db").string(), {.max_readers = 2});
    co_await pool.execute("CREATE TABLE pages(path TEXT PRIMARY KEY, status INT, bytes INT)");

    aio::Queue<Page> pages(200);
    int looks = 0;
    auto storing = aio::create_task(store(console, pages, pool));
    auto watching = aio::create_task(watch(pool, looks));
    std::vector<aio::Coro<>> crawlers;
    for (int i = 0; i < 10; ++i) crawlers.push_back(crawl(pages, i));
    co_await aio::gather(std::move(crawlers));
    co_await pages.join();
    const double took = console.elapsed();
    storing.cancel();
    watching.cancel();
    co_await aio::gather(aio::return_exceptions, std::move(storing), std::move(watching));

    for (const auto& row : co_await pool.fetch("SELECT status, count(*), sum(bytes) FROM pages GROUP BY status")) {
        const auto [status, count, bytes] = row.as<int, int, std::int64_t>();
        console.say("status {}: {} pages, {} bytes", status, count, bytes);
    }
    const auto largest =
        co_await pool.fetchval<std::string>("SELECT path FROM pages ORDER BY bytes DESC, path LIMIT 1");
    co_await pool.close();
    console.result("{} pages stored in {:.2f} s, {} queries meanwhile; the largest is {}", kPages, took, looks,
                   largest);
}

}  // namespace

void database(Console& console) {
    console.explain(fmt::format("{} pages go through a queue into SQLite, and a query finds the largest.", kPages));
    aio::run(show_database(console));
}

}  // namespace demo
