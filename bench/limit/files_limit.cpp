// The least that reading files costs: a loop of system calls. The same cases as bench/io/files.cpp.
//
// Small files are read as one must who does not know their size: into memory that is large enough, until the end
// (open, read, read, close), or as large as fstat says (open, fstat, read, close): whichever is faster here.
#include <sys/stat.h>

#include "../support/measure.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <string>

namespace {

constexpr int kFiles = 10'000;
constexpr long kMebibytes = 1024;

std::string folder;
// Aligned: copying out of the kernel to an address that is 16 bytes behind a multiple of 64, as malloc's large blocks are,
// takes five times as long on Zen 3.
alignas(4096) char memory[256 * 1024];

void expect(bool right) {
    if (right) return;
    std::fprintf(stderr, "files_limit: a file has not what it should have\n");
    std::exit(1);
}

std::size_t until_end(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::size_t total = 0;
    while (true) {
        const ssize_t count = ::read(fd, memory, sizeof memory);
        if (count <= 0) break;
        total += static_cast<std::size_t>(count);
    }
    ::close(fd);
    return total;
}

std::size_t by_size(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    ::fstat(fd, &status);
    const ssize_t count = ::read(fd, memory, static_cast<std::size_t>(status.st_size));
    ::close(fd);
    return static_cast<std::size_t>(count);
}

void small(const char* name, std::size_t (*one)(const std::string&)) {
    bench::Rounds rounds(name, kFiles);
    while (rounds.next()) {
        for (int i = 0; i < kFiles; ++i) expect(one(folder + "/small/" + std::to_string(i)) == 4096);
    }
}

void big(const char* name, std::size_t piece) {
    bench::Rounds rounds(name, kMebibytes);
    const int fd = ::open((folder + "/big").c_str(), O_RDONLY | O_CLOEXEC);
    while (rounds.next()) {
        ::lseek(fd, 0, SEEK_SET);
        std::size_t total = 0;
        while (true) {
            const ssize_t count = ::read(fd, memory, piece);
            if (count <= 0) break;
            total += static_cast<std::size_t>(count);
        }
        expect(total == std::size_t{kMebibytes} << 20);
    }
    ::close(fd);
}

void small_until_end() { small("small_until_end", until_end); }
void small_by_size() { small("small_by_size", by_size); }
void big_256k() { big("big_256k", 256 * 1024); }
void big_64k() { big("big_64k", 64 * 1024); }

constexpr bench::Case kCases[] = {
    {"small_until_end", small_until_end},
    {"small_by_size", small_by_size},
    {"big_256k", big_256k},
    {"big_64k", big_64k},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    folder = argv[1];
    return bench::run_cases(argc - 1, argv + 1, kCases);
}
