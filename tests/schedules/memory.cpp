#include "schedules/memory.hpp"

#include "schedules/report.hpp"
#include "schedules/scheduler.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace aio::schedules::memory {

namespace {

constexpr std::size_t kBytes = 64 * 1024 * 1024;
constexpr std::size_t kGranule = 16;

enum State : std::uint8_t { kNothing, kAllocated, kFreed };

// Before each block; an access to it is a fault.
struct alignas(kGranule) Header {
    std::size_t bytes;
};

struct Arena {
    char* begin = nullptr;
    char* next = nullptr;
    std::uint8_t* states = nullptr;  // of each granule
    Used used{0, 0};
    bool on = false;
};
constinit Arena arena;
constinit thread_local unsigned outside = 0;

void* map(std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return memory;
}

bool contains(const void* address) noexcept {
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(arena.begin) < kBytes &&
           arena.begin;
}
std::uint8_t* state_of(const void* address) noexcept {
    return arena.states + static_cast<std::size_t>(static_cast<const char*>(address) - arena.begin) / kGranule;
}
std::size_t granules(std::size_t bytes) noexcept { return (bytes + kGranule - 1) / kGranule; }

void* allocate(std::size_t bytes, std::size_t alignment) {
    const auto start = reinterpret_cast<std::uintptr_t>(arena.next) + sizeof(Header);
    char* block = arena.next + sizeof(Header) + (-start & (alignment - 1));
    const std::size_t size = granules(bytes ? bytes : 1) * kGranule;
    if (size > kBytes || block + size > arena.begin + kBytes) fail("the run needs more memory than a run may have");
    arena.next = block + size;
    reinterpret_cast<Header*>(block - sizeof(Header))->bytes = bytes;
    std::memset(state_of(block), kAllocated, size / kGranule);
    ++arena.used.blocks;
    arena.used.bytes += bytes;
    return block;
}

void deallocate(void* block) noexcept {
    if (*state_of(block) != kAllocated) fail("a block of memory is freed twice");
    const std::size_t bytes = reinterpret_cast<Header*>(static_cast<char*>(block) - sizeof(Header))->bytes;
    const std::size_t size = granules(bytes ? bytes : 1);
    std::memset(state_of(block), kFreed, size);
    std::memset(block, 0xdd, size * kGranule);
    --arena.used.blocks;
    arena.used.bytes -= bytes;
}

void* allocate_anywhere(std::size_t bytes, std::size_t alignment) {
    if (arena.on && outside == 0 && of_a_run()) return allocate(bytes, alignment);
    void* memory = alignment <= alignof(std::max_align_t)
                       ? std::malloc(bytes)
                       : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (!memory) throw std::bad_alloc();
    return memory;
}
void deallocate_anywhere(void* memory) noexcept { contains(memory) ? deallocate(memory) : std::free(memory); }

}  // namespace

void use(bool on) noexcept {
    if (!arena.begin) {
        arena.begin = arena.next = static_cast<char*>(map(kBytes));
        arena.states = static_cast<std::uint8_t*>(map(kBytes / kGranule));
    }
    arena.on = on;
}

void reset() noexcept {
    std::memset(arena.states, kNothing, static_cast<std::size_t>(arena.next - arena.begin) / kGranule);
    arena.next = arena.begin;
    arena.used = {0, 0};
}

Used used() noexcept { return arena.used; }

bool dangling(const void* address) noexcept { return contains(address) && *state_of(address) != kAllocated; }

Outside::Outside() noexcept { ++outside; }
Outside::~Outside() { --outside; }

}  // namespace aio::schedules::memory

namespace memory = aio::schedules::memory;

void* operator new(std::size_t bytes) { return memory::allocate_anywhere(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return memory::allocate_anywhere(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { memory::deallocate_anywhere(memory); }
void operator delete(void* memory, std::size_t) noexcept { memory::deallocate_anywhere(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { memory::deallocate_anywhere(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { memory::deallocate_anywhere(memory); }
