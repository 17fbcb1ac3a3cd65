// 100 files from a real HTTP server, one by one and all at once, over plain streams: what an HTTP client does
// underneath. Every byte is compared with what was written to disk.
#include <aio/aio.hpp>

#include "file_server.hpp"
#include "parts.hpp"

#include <charconv>
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

// The value of "Content-Length: 123" in `head`.
std::size_t content_length(const std::string& path, const std::string& head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const std::size_t at = head.find(kName);
    std::size_t length = 0;
    const char* digits = head.data() + at + kName.size();
    if (at == std::string::npos || std::from_chars(digits, head.data() + head.size(), length).ec != std::errc()) {
        throw BadAnswer(path, "the answer has no Content-Length");
    }
    return length;
}

aio::Coro<std::string> get(int port, std::string path) {
    auto [reader, writer] = co_await aio::open_connection("127.0.0.1", port);
    writer.write(fmt::format("GET {} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\n\r\n", path, port));
    co_await writer.drain();
    std::string head = co_await reader.readuntil("\r\n\r\n");
    if (head.find(" 200 OK\r\n") == std::string::npos) throw BadAnswer(path, head.substr(0, head.find("\r\n")));
    const auto length = static_cast<std::ptrdiff_t>(content_length(path, head));
    std::string body = co_await reader.readexactly(length);
    writer.close();
    co_await writer.wait_closed();
    co_return body;
}

// What both ways of fetching have in common.
struct Download {
    Console& console;
    int port;
    std::size_t done = 0, bytes = 0;

    aio::Coro<> fetch(const File& file) {
        std::string body = co_await aio::wait_for(get(port, file.path), 10s);
        if (body != file.content) throw BadAnswer(file.path, "its bytes are not those on disk");
        bytes += body.size();
        console.progress("files", ++done, kFiles);
    }
};

aio::Coro<double> one_by_one(Console& console, int port, const std::vector<File>& files) {
    const double start = console.elapsed();
    Download download{console, port};
    for (const File& file : files) co_await download.fetch(file);
    const double took = console.elapsed() - start;
    console.say("one by one:  {} files, {} bytes, every byte compared: {:.2f} s", download.done, download.bytes,
                took);
    co_return took;
}

aio::Coro<double> all_at_once(Console& console, int port, const std::vector<File>& files) {
    const double start = console.elapsed();
    Download download{console, port};
    co_await aio::with_task_group([&](aio::TaskGroup& group) -> aio::Coro<> {
        for (const File& file : files) group.create_task(download.fetch(file));
        co_return;
    });
    const double took = console.elapsed() - start;
    console.say("all at once: {} files, {} bytes, every byte compared: {:.2f} s", download.done, download.bytes,
                took);
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
    console.say("server on 127.0.0.1:{}", server->port());
    const double slow = co_await one_by_one(console, server->port(), files);
    const double fast = co_await all_at_once(console, server->port(), files);
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
