// 100 files from a real HTTP server through one ClientSession, one by one and all at once, each stored as it comes.
// Every byte is compared with what the server has.
#include <aio/aio.hpp>
#include <aio/files.hpp>
#include <aio/http.hpp>

#include "file_server.hpp"
#include "parts.hpp"

#include <fstream>
#include <memory>

using namespace std::chrono_literals;

namespace demo {

namespace {

constexpr std::size_t kFiles = 100;
constexpr int kLatencyMs = 20;

// An answer that is not what was asked for.
class BadAnswer : public std::runtime_error {
public:
    BadAnswer(const std::string& path, const std::string& problem) : std::runtime_error(path + ": " + problem) {}
};

struct File {
    std::string path;  // of the URL
    std::string content;
};

// Sizes from nothing to some 80 KiB, the same at each run.
std::string content_of(std::size_t number) {
    std::string bytes(number * number * 8, '\0');
    std::uint64_t state = number + 1;
    for (char& byte : bytes) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<char>(state >> 56);
    }
    return bytes;
}

std::vector<File> make_files(const std::filesystem::path& folder) {
    std::vector<File> files;
    for (std::size_t i = 0; i < kFiles; ++i) {
        File file{fmt::format("/file-{:02}.bin", i), content_of(i)};
        std::ofstream out(folder / file.path.substr(1), std::ios::binary);
        out.write(file.content.data(), static_cast<std::streamsize>(file.content.size()));
        if (!out.flush()) throw std::runtime_error("cannot write " + (folder / file.path.substr(1)).string());
        files.push_back(std::move(file));
    }
    return files;
}

// What both ways of fetching have in common.
struct Download {
    Console& console;
    aio::http::ClientSession& session;
    std::filesystem::path folder;  // where the files go
    std::size_t done = 0, bytes = 0;

    aio::Coro<> fetch(const File& file) {
        auto response = co_await session.get(file.path);
        const std::string target = folder / file.path.substr(1);
        bytes += co_await response.to_file(target);
        const std::string stored = co_await aio::files::read_file(target);
        if (stored != file.content) throw BadAnswer(file.path, "its bytes are not those of the server");
        console.progress("files", ++done, kFiles);
    }

    aio::Coro<> one_by_one(const std::vector<File>& files) {
        for (const File& file : files) co_await fetch(file);
    }

    aio::Coro<> all_at_once(const std::vector<File>& files) {
        co_await aio::with_task_group([&](aio::TaskGroup& group) -> aio::Coro<> {
            for (const File& file : files) group.create_task(fetch(file));
            co_return;
        });
    }
};

// Seconds that it took.
aio::Coro<double> timed(Download& download, const char* name, aio::Coro<> fetching) {
    const double start = download.console.elapsed();
    std::filesystem::create_directories(download.folder);
    co_await std::move(fetching);
    const double took = download.console.elapsed() - start;
    download.console.say("{} {} files, {} bytes, stored, every byte compared: {:.2f} s", name, download.done,
                         download.bytes, took);
    co_return took;
}

std::unique_ptr<FileServer> start_server(std::filesystem::path folder) {
    return std::make_unique<FileServer>(folder, kLatencyMs);
}

// All in a coroutine, so that Ctrl-C, which cancels it, cleans up.
aio::Coro<> show_fetch(Console& console) {
    TemporaryFolder folder;
    const std::vector<File> files = make_files(folder.path());
    const std::unique_ptr<FileServer> server = co_await aio::to_thread(start_server, folder.path());
    const std::string base = fmt::format("http://127.0.0.1:{}", server->port());
    const std::filesystem::path stored = new_folder("aiocpp-demo-files-XXXXXX");
    console.say("server at {}", base);

    aio::http::SessionOptions options;
    options.base_url = base;
    options.raise_for_status = true;
    options.timeout.total = 20s;
    aio::http::ClientSession session(std::move(options));
    Download slowly{console, session, stored / "one-by-one"};
    const double slow = co_await timed(slowly, "one by one: ", slowly.one_by_one(files));
    Download quickly{console, session, stored / "all-at-once"};
    const double fast = co_await timed(quickly, "all at once:", quickly.all_at_once(files));
    co_await session.close();
    console.say("the files are yours: {}", stored.string());
    console.result("{:.2f} s one by one, {:.2f} s all at once: {:.1f} times as fast", slow, fast, slow / fast);
}

}  // namespace

void fetch(Console& console) {
    console.explain(
        fmt::format("{} files from python3's http.server, which takes {} ms for each answer, as if far away.", kFiles,
                    kLatencyMs));
    aio::run(show_fetch(console));
}

}  // namespace demo
