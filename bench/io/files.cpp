// Files in the page cache, through aio. The other side is bench/limit/files_limit.cpp, with the same cases:
//
//     files FOLDER CASE...        FOLDER has the files small/0 .. small/9999 of 4 KiB, and big of 1 GiB
//
//   small_read_file   ns per file: 10,000 tasks, each a read_file()
//   small_open        the same with open, read, close
//   big_readinto      ns per MiB: one file from its beginning to its end, 256 KiB at a time into the same memory
//   big_read          the same, each piece a new string of 64 KiB
#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/io/files.hpp>

#include "../support/measure.hpp"

#include <span>
#include <string>
#include <vector>

namespace {

constexpr int kFiles = 10'000;
constexpr std::size_t kBytes = 4096;
constexpr long kMebibytes = 1024;

std::string folder;

void expect(bool right) {
    if (right) return;
    std::fprintf(stderr, "files: a file has not what it should have\n");
    std::exit(1);
}

aio::Coro<std::size_t> small_read_file(std::string path) {
    const std::string text = co_await aio::files::read_file(std::move(path));
    co_return text.size();
}

aio::Coro<std::size_t> small_open(std::string path) {
    auto file = co_await aio::files::open(std::move(path), "rb");
    const std::string text = co_await file.read();
    co_await file.close();
    co_return text.size();
}

aio::Coro<> small(const char* name, aio::Coro<std::size_t> (*one)(std::string)) {
    bench::Rounds rounds(name, kFiles);
    while (rounds.next()) {
        std::vector<aio::Coro<std::size_t>> reads;
        reads.reserve(kFiles);
        for (int i = 0; i < kFiles; ++i) reads.push_back(one(folder + "/small/" + std::to_string(i)));
        for (const std::size_t size : co_await aio::gather(std::move(reads))) expect(size == kBytes);
    }
}

aio::Coro<> big_readinto() {
    bench::Rounds rounds("big_readinto", kMebibytes);
    alignas(4096) static char buffer[256 * 1024];  // aligned, as the limit's
    auto file = co_await aio::files::open(folder + "/big", "rb");
    while (rounds.next()) {
        co_await file.seek(0);
        std::size_t total = 0;
        while (const std::size_t count = co_await file.readinto(std::span<char>(buffer))) total += count;
        expect(total == std::size_t{kMebibytes} << 20);
    }
    co_await file.close();
}

aio::Coro<> big_read() {
    bench::Rounds rounds("big_read", kMebibytes);
    auto file = co_await aio::files::open(folder + "/big", "rb");
    while (rounds.next()) {
        co_await file.seek(0);
        std::size_t total = 0;
        while (true) {
            const std::string piece = co_await file.read(64 * 1024);
            if (piece.empty()) break;
            total += piece.size();
        }
        expect(total == std::size_t{kMebibytes} << 20);
    }
    co_await file.close();
}

void run_small_read_file() { aio::run(small("small_read_file", small_read_file)); }
void run_small_open() { aio::run(small("small_open", small_open)); }
void run_big_readinto() { aio::run(big_readinto()); }
void run_big_read() { aio::run(big_read()); }

constexpr bench::Case kCases[] = {
    {"small_read_file", run_small_read_file},
    {"small_open", run_small_open},
    {"big_readinto", run_big_readinto},
    {"big_read", run_big_read},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    folder = argv[1];
    return bench::run_cases(argc - 1, argv + 1, kCases);
}
