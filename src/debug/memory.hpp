// Memory to look into: of a process that runs, of this one, or of a core file. A read never fails loudly: what is not there is
// not read. Internal to src, and to the tool.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace aio::debug {

using Address = std::uint64_t;

class Memory {
public:
    // A part of it that comes from the beginning of a file, such as a program or a library.
    struct Image {
        Address start;
        std::string path;
    };

    virtual ~Memory() = default;
    // Copies the bytes from `from` on. Result: how many could be read, from the first on.
    virtual std::size_t read(Address from, void* into, std::size_t bytes) noexcept = 0;
    // Errors: OSError, std::bad_alloc.
    virtual std::vector<Image> images() = 0;
    // Whether it changes while it is read.
    virtual bool changes() const noexcept = 0;
};

// The memory of a process, with process_vm_readv(2): it is neither stopped nor otherwise disturbed.
class ProcessMemory final : public Memory {
public:
    // Errors: RuntimeError, which says what to do: there is no such process, or its memory may not be read.
    explicit ProcessMemory(pid_t pid);
    std::size_t read(Address from, void* into, std::size_t bytes) noexcept override;
    std::vector<Image> images() override;
    bool changes() const noexcept override { return true; }

private:
    pid_t pid_;
};

// Reads memory in pieces of 4 KiB, each once. Neighbouring tasks are mostly neighbours in memory: a million of them are read
// with a tenth of the system calls.
class CachedMemory {
public:
    explicit CachedMemory(Memory& memory) noexcept : memory_(memory) {}

    // False if not all bytes are there.
    bool read(Address from, void* into, std::size_t bytes);
    template <class T>
    std::optional<T> get(Address from) {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        if (!read(from, &value, sizeof value)) return std::nullopt;
        return value;
    }
    // An address in it; 0 if it is not there.
    Address pointer(Address from) { return get<Address>(from).value_or(0); }
    // Up to the next zero; nullopt if that is not within `limit` bytes.
    std::optional<std::string> text(Address from, std::size_t limit = 4096);

    // What is read from now on is new. No effect on memory that does not change.
    void forget() noexcept {
        if (memory_.changes()) clear();
    }
    Memory& source() noexcept { return memory_; }

private:
    static constexpr std::size_t kPage = 4096;
    static constexpr std::size_t kMostPages = 16384;  // 64 MiB
    struct Page {
        std::size_t bytes = 0;
        std::array<char, kPage> data;
    };
    const Page& page(Address start) { return last_ && start == last_start_ ? *last_ : other_page(start); }
    const Page& other_page(Address start);
    void clear() noexcept {
        pages_.clear();
        last_ = nullptr;
    }

    Memory& memory_;
    std::unordered_map<Address, Page> pages_;  // whose elements stay where they are
    Address last_start_ = 0;                   // most reads are in the page of the one before
    const Page* last_ = nullptr;
};

}  // namespace aio::debug
