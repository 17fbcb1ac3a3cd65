// The memory of processes, and the cache in front of any memory; core files: core_file.cpp.
#include "debug/memory.hpp"

#include <aio/base/error.hpp>

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace aio::debug {

namespace {

// From /proc/PID/maps: mappings of a file's beginning. `error`: an errno, or 0.
std::vector<Memory::Image> images_of(pid_t pid, int& error) {
    std::vector<Memory::Image> images;
    std::FILE* const maps = std::fopen(("/proc/" + std::to_string(pid) + "/maps").c_str(), "re");
    error = maps ? 0 : errno;
    if (!maps) return images;
    std::string line;
    try {
        for (int c = std::fgetc(maps); c != EOF; c = std::fgetc(maps)) {
            if (c != '\n') {
                line += static_cast<char>(c);
                continue;
            }
            unsigned long long start = 0, end = 0, offset = 0;
            char rights[8] = "";
            int path = 0;
            const int found =
                std::sscanf(line.c_str(), "%llx-%llx %7s %llx %*s %*s %n", &start, &end, rights, &offset, &path);
            if (found == 4 && offset == 0 && rights[0] == 'r' && path > 0 &&
                line.size() > static_cast<std::size_t>(path) && line[static_cast<std::size_t>(path)] == '/')
                images.push_back({start, line.substr(static_cast<std::size_t>(path))});
            line.clear();
        }
    } catch (...) {
        std::fclose(maps);
        throw;
    }
    if (std::ferror(maps)) error = errno ? errno : EIO;
    std::fclose(maps);
    return images;
}

[[noreturn]] void refuse(pid_t pid, int error) {
    const std::string process = "the process " + std::to_string(pid);
    if (error == ESRCH || error == ENOENT) throw RuntimeError("there is no process " + std::to_string(pid));
    if (error == EPERM || error == EACCES) {
        throw RuntimeError(
            "the memory of " + process +
            " may not be read: run this as the same user or as root, and if that is refused too, allow it with "
            "`sysctl kernel.yama.ptrace_scope=0` (in a container: with the capability SYS_PTRACE)");
    }
    if (error == ENOSYS)
        throw RuntimeError("this kernel has no process_vm_readv(2), so that " + process + " cannot be read");
    throw RuntimeError("the memory of " + process + " cannot be read: " + std::strerror(error));
}

}  // namespace

ProcessMemory::ProcessMemory(pid_t pid) : pid_(pid) {
    int error = 0;
    const std::vector<Image> found = images_of(pid, error);
    if (error) refuse(pid, error);
    if (found.empty()) return;  // of a kernel thread, or one that has ended and was not waited for
    char byte = 0;
    iovec local{&byte, 1};
    iovec remote{reinterpret_cast<void*>(found.front().start), 1};
    if (::process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && errno != EFAULT) refuse(pid, errno);
}

std::size_t ProcessMemory::read(Address from, void* into, std::size_t bytes) noexcept {
    iovec local{into, bytes};
    iovec remote{reinterpret_cast<void*>(from), bytes};
    const ssize_t got = ::process_vm_readv(pid_, &local, 1, &remote, 1, 0);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

std::vector<Memory::Image> ProcessMemory::images() {
    int error = 0;
    std::vector<Image> images = images_of(pid_, error);
    if (error) refuse(pid_, error);
    return images;
}

const CachedMemory::Page& CachedMemory::other_page(Address start) {
    if (pages_.size() >= kMostPages) clear();
    const auto [found, added] = pages_.try_emplace(start);
    Page& page = found->second;
    if (added) page.bytes = memory_.read(start, page.data.data(), kPage);
    last_start_ = start;
    last_ = &page;
    return page;
}

bool CachedMemory::read(Address from, void* into, std::size_t bytes) {
    char* to = static_cast<char*>(into);
    if (from + bytes < from) return false;
    while (bytes > 0) {
        const Address start = from & ~static_cast<Address>(kPage - 1);
        const std::size_t offset = from - start;
        const std::size_t part = std::min(bytes, kPage - offset);
        const Page& source = page(start);
        if (source.bytes < offset + part) return false;
        std::memcpy(to, source.data.data() + offset, part);
        to += part;
        from += part;
        bytes -= part;
    }
    return true;
}

std::optional<std::string> CachedMemory::text(Address from, std::size_t limit) {
    std::string text;
    while (text.size() <= limit) {
        const Address start = from & ~static_cast<Address>(kPage - 1);
        const std::size_t offset = from - start;
        const Page& source = page(start);
        if (source.bytes <= offset) return std::nullopt;
        const char* first = source.data.data() + offset;
        const std::size_t part = source.bytes - offset;
        const void* end = std::memchr(first, 0, part);
        text.append(first, end ? static_cast<std::size_t>(static_cast<const char*>(end) - first) : part);
        if (end) return text.size() <= limit ? std::optional(std::move(text)) : std::nullopt;
        from += part;
        if (source.bytes < kPage) return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace aio::debug
