// The memory that the kernel receives into: a ring of buffers that it picks from when data arrive, so that an
// idle connection holds none.
//
// From Linux 6.12 on the buffers are large and consumed piece by piece (IOU_PBUF_RING_INC): small messages of
// many connections lie side by side, which caches like, and a large receive fills tens of KiB at once. On older
// kernels each receive takes a whole buffer, and the buffers are small and many.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aio::detail {

class BufferRing {
public:
    static constexpr std::uint16_t kGroup = 0;

    // Registers the buffers with `ring`: 0 or a negative errno.
    int open(io_uring& ring) noexcept;
    ~BufferRing();

    // How many there are.
    unsigned count() const noexcept { return count_; }

    // Where the data of this completion lie. Call once per completion that has IORING_CQE_F_BUFFER, in order.
    const char* data(const io_uring_cqe& cqe) const noexcept;
    // Gives back what data() showed.
    void release(const io_uring_cqe& cqe) noexcept;

private:
    int try_open(io_uring& ring, bool incremental) noexcept;
    int map(unsigned count, std::size_t size) noexcept;
    void unmap() noexcept;
    void offer(std::uint16_t id) noexcept;
    static std::uint16_t id_of(const io_uring_cqe& cqe) noexcept {
        return static_cast<std::uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
    }

    static constexpr unsigned kMaxBuffers = 512;

    io_uring_buf_ring* ring_ = nullptr;
    char* memory_ = nullptr;
    std::size_t mapped_ = 0;
    unsigned count_ = 0;
    std::size_t size_ = 0;
    bool incremental_ = false;
    std::uint32_t used_[kMaxBuffers] = {};  // incremental: how much of each buffer the kernel has filled
};

}  // namespace aio::detail
