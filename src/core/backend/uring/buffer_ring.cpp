// The ring of receive buffers: mapped, registered with the kernel in the newest form that it accepts, offered again
// after use. uring_backend.cpp starts the receives that fill them and delivers the data.
#include "core/backend/uring/buffer_ring.hpp"

#include <sys/mman.h>

#include <cerrno>

namespace aio::detail {

namespace {

// Not in liburing 2.3: io_uring_buf_reg::flags (its `pad`) and a completion's flag, Linux 6.12.
constexpr std::uint16_t kIncremental = 2;       // IOU_PBUF_RING_INC
constexpr std::uint32_t kBufferMore = 1u << 4;  // IORING_CQE_F_BUF_MORE: the kernel continues to fill this buffer

constexpr unsigned kLargeBuffers = 16;
constexpr std::size_t kLargeBuffer = 64 * 1024;
constexpr unsigned kSmallBuffers = 512;
constexpr std::size_t kSmallBuffer = 4 * 1024;

}  // namespace

int BufferRing::open(io_uring& ring) noexcept {
    const int result = try_open(ring, true);
    return result == -EINVAL ? try_open(ring, false) : result;
}

BufferRing::~BufferRing() { unmap(); }

int BufferRing::map(unsigned count, std::size_t size) noexcept {
    const std::size_t ring_bytes = (count * sizeof(io_uring_buf) + 4095) / 4096 * 4096;
    mapped_ = ring_bytes + count * size;
    void* memory = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -errno;
    ::madvise(memory, mapped_, MADV_DONTFORK);  // the kernel writes here: a child would make it copy on write
    ring_ = static_cast<io_uring_buf_ring*>(memory);
    memory_ = static_cast<char*>(memory) + ring_bytes;
    count_ = count;
    size_ = size;
    return 0;
}

void BufferRing::unmap() noexcept {
    if (ring_) ::munmap(ring_, mapped_);
    ring_ = nullptr;
}

int BufferRing::try_open(io_uring& ring, bool incremental) noexcept {
    incremental_ = incremental;
    if (const int error = incremental ? map(kLargeBuffers, kLargeBuffer) : map(kSmallBuffers, kSmallBuffer)) {
        return error;
    }
    io_uring_buf_reg registration = {};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(ring_);
    registration.ring_entries = count_;
    registration.bgid = kGroup;
    registration.pad = incremental ? kIncremental : std::uint16_t{0};
    if (const int error = io_uring_register_buf_ring(&ring, &registration, 0)) {
        unmap();
        return error;
    }
    io_uring_buf_ring_init(ring_);
    for (unsigned id = 0; id < count_; ++id) offer(static_cast<std::uint16_t>(id));
    return 0;
}

void BufferRing::offer(std::uint16_t id) noexcept {
    io_uring_buf_ring_add(ring_, memory_ + id * size_, static_cast<unsigned>(size_), id,
                          io_uring_buf_ring_mask(count_), 0);
    io_uring_buf_ring_advance(ring_, 1);
}

const char* BufferRing::data(const io_uring_cqe& cqe) const noexcept {
    const std::uint16_t id = id_of(cqe);
    return memory_ + id * size_ + used_[id];
}

void BufferRing::release(const io_uring_cqe& cqe) noexcept {
    const std::uint16_t id = id_of(cqe);
    if (incremental_ && (cqe.flags & kBufferMore)) {
        if (cqe.res > 0) used_[id] += static_cast<std::uint32_t>(cqe.res);
        return;
    }
    used_[id] = 0;
    offer(id);
}

}  // namespace aio::detail
