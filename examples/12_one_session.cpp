// Fetches all URLs through one session: connections, cookies and names are shared. In Python it is as long:
//
//     async def fetch(session, url):
//         async with session.get(url) as response:
//             return await response.text()
//
//     async def main(urls):
//         async with aiohttp.ClientSession(raise_for_status=True) as session:
//             pages = await asyncio.gather(*[fetch(session, url) for url in urls])
//         for url, page in zip(urls, pages):
//             print(f"Fetched {len(page)} chars from {url}")
//
//     asyncio.run(main(sys.argv[1:]))
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <fmt/core.h>

aio::Coro<std::string> fetch(aio::http::ClientSession& session, std::string url) {
    auto response = co_await session.get(url);
    co_return co_await response.text();
}

aio::Coro<> async_main(std::vector<std::string> urls) {
    aio::http::ClientSession session({.raise_for_status = true});
    std::vector<aio::Coro<std::string>> fetches;
    for (const auto& url : urls) fetches.push_back(fetch(session, url));
    auto pages = co_await aio::gather(std::move(fetches));
    co_await session.close();
    for (std::size_t i = 0; i < urls.size(); ++i) fmt::print("Fetched {} chars from {}\n", pages[i].size(), urls[i]);
}

int main(int argc, char** argv) { aio::run(async_main({argv + 1, argv + argc})); }
