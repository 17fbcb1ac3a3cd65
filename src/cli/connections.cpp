// Source: proc(5), /proc/PID/fd and /proc/PID/net/tcp; Linux net/ipv4/tcp_ipv4.c (tcp4_seq_show), net/unix/af_unix.c (unix_seq_show).
#include "cli/connections.hpp"

#include <dirent.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_set>

namespace aio::cli {

namespace {

struct CloseFolder {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
struct CloseTable {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

// The inodes of its sockets: links "socket:[4711]".
std::optional<std::unordered_set<unsigned long>> sockets_of(const std::string& process) {
    const std::unique_ptr<DIR, CloseFolder> folder(::opendir((process + "/fd").c_str()));
    if (!folder) return std::nullopt;
    std::unordered_set<unsigned long> inodes;
    while (const dirent* entry = ::readdir(folder.get())) {
        std::array<char, 64> target{};
        const std::string path = process + "/fd/" + entry->d_name;
        if (::readlink(path.c_str(), target.data(), target.size() - 1) <= 0) continue;
        unsigned long inode = 0;
        if (std::sscanf(target.data(), "socket:[%lu]", &inode) == 1) inodes.insert(inode);
    }
    return inodes;
}

// Lines of a table of the kernel, without the first, in which `format` finds a state and an inode.
std::size_t count_in(const std::string& table, const char* format, unsigned long connected,
                     const std::unordered_set<unsigned long>& inodes) {
    const std::unique_ptr<std::FILE, CloseTable> file(std::fopen(table.c_str(), "re"));
    if (!file) return 0;
    std::size_t count = 0;
    std::array<char, 512> line{};
    while (std::fgets(line.data(), static_cast<int>(line.size()), file.get())) {
        unsigned long state = 0, inode = 0;
        if (std::sscanf(line.data(), format, &state, &inode) == 2 && state == connected) count += inodes.count(inode);
    }
    return count;
}

}  // namespace

std::optional<std::size_t> count_connections(int pid) {
    const std::string process = "/proc/" + std::to_string(pid);
    const auto inodes = sockets_of(process);
    if (!inodes) return std::nullopt;
    constexpr unsigned long kEstablished = 1, kConnected = 3;  // TCP_ESTABLISHED, SS_CONNECTED
    constexpr const char* kTcp = "%*s %*s %*s %lx %*s %*s %*s %*s %*s %lu";
    // Number, references, protocol, flags, type, state, inode.
    constexpr const char* kUnix = "%*s %*s %*s %*s 0001 %lx %lu";
    return count_in(process + "/net/tcp", kTcp, kEstablished, *inodes) +
           count_in(process + "/net/tcp6", kTcp, kEstablished, *inodes) +
           count_in(process + "/net/unix", kUnix, kConnected, *inodes);
}

}  // namespace aio::cli
