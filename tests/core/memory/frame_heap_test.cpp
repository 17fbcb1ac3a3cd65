// The memory behind the frame pools, and the pools on top of it: what is free serves any size, and goes back.
#include "core/frame_heap.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "core/resident.hpp"
#include "core/sanitized.hpp"

namespace aio::test {

namespace {

using detail::FrameHeap;
using detail::FramePool;
using namespace std::chrono_literals;

// What was allocated, filled with a byte of its own, so that memory handed out twice is noticed.
class Blocks {
public:
    explicit Blocks(FramePool& pool) : pool_(pool) {}
    ~Blocks() { free_all(); }
    Blocks(const Blocks&) = delete;

    void add(std::size_t bytes) {
        void* memory = pool_.allocate(bytes);
        std::memset(memory, ++next_fill_, bytes);
        blocks_.push_back({static_cast<unsigned char*>(memory), bytes, next_fill_});
    }
    // False for std::bad_alloc.
    bool try_add(std::size_t bytes) {
        try {
            add(bytes);
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }
    void free_at(std::size_t index) {
        check(blocks_[index]);
        pool_.deallocate(blocks_[index].memory, blocks_[index].bytes);
        blocks_[index] = blocks_.back();
        blocks_.pop_back();
    }
    void free_all() {
        while (!blocks_.empty()) free_at(blocks_.size() - 1);
    }
    std::size_t count() const { return blocks_.size(); }

private:
    struct Block {
        unsigned char* memory;
        std::size_t bytes;
        unsigned char fill;
    };
    void check(const Block& block) const {
        for (std::size_t i = 0; i < block.bytes; ++i) {
            if (block.memory[i] == block.fill) continue;
            ADD_FAILURE() << "a block of " << block.bytes << " bytes was written to by another's owner";
            return;
        }
    }

    FramePool& pool_;
    std::vector<Block> blocks_;
    unsigned char next_fill_ = 0;
};

class Frames : public testing::Test {
protected:
    void SetUp() override {
        if (!pool_.recycling()) GTEST_SKIP() << "each frame is an allocation of its own here";
    }
    void TearDown() override {
        pool_.give_back_all();
        heap_.unmap_all();
    }
    // What loops do once a second, until there is nothing more to do.
    void settle() {
        auto now = FrameHeap::Clock::now();
        static_cast<void>(pool_.trim());
        for (int i = 0; i < 1000; ++i) {
            now += FrameHeap::kInterval;
            if (!heap_.settle(now)) return;
        }
        ADD_FAILURE() << "the heap never settles";
    }

    FrameHeap heap_;
    FramePool pool_{heap_};
};

}  // namespace

TEST_F(Frames, are_never_handed_out_twice_when_memory_ends_in_between) {
    Blocks blocks(pool_);
    std::mt19937 random(42);
    std::size_t failures = 0;
    for (const std::size_t limit : {std::size_t{2} << 20, std::size_t{4} << 20, std::size_t{8} << 20}) {
        heap_.set_limit(limit);
        for (int i = 0; i < 40'000; ++i) failures += !blocks.try_add(16 * (1 + random() % 64));
        for (int i = 0; i < 5'000 && blocks.count() > 0; ++i) blocks.free_at(random() % blocks.count());
    }
    EXPECT_GT(failures, 0u);
}

TEST_F(Frames, that_are_free_serve_every_other_size) {
    heap_.set_limit(2 << 20);
    constexpr std::size_t kStep = kSanitized ? 144 : 16;  // sanitizers take seconds for all of them
    for (std::size_t bytes = 16; bytes <= 1024; bytes += kStep) {
        Blocks blocks(pool_);
        while (blocks.try_add(bytes)) {}
        EXPECT_GE(blocks.count() * bytes, std::size_t{1'900'000}) << "of " << bytes << " bytes";
    }
    Blocks mixed(pool_);
    for (std::size_t bytes = 16; mixed.try_add(bytes); bytes = bytes % 1024 + 16) {}
    EXPECT_GE(mixed.count() * 520, std::size_t{1'900'000});
}

TEST_F(Frames, that_another_thread_freed_serve_every_size_too) {
    heap_.set_limit(2 << 20);
    std::vector<void*> blocks;
    try {
        while (true) blocks.push_back(pool_.allocate(48));
    } catch (const std::bad_alloc&) {}
    std::thread([&] {
        FramePool other(heap_);
        for (void* block : blocks) other.deallocate(block, 48);
        other.give_back_all();
    }).join();
    Blocks larger(pool_);
    while (larger.try_add(1008)) {}
    EXPECT_GE(larger.count() * 1008, std::size_t{1'900'000});
}

TEST_F(Frames, are_aligned_as_their_size_lets_a_type_be) {
    Blocks others(pool_);
    std::mt19937 random(7);
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (int i = 0; i < 5000; ++i) {
        const std::size_t bytes = 16 * (1 + random() % 100);
        void* block = pool_.allocate(bytes);
        const std::size_t alignment = bytes % 64 == 0 ? 64 : bytes % 32 == 0 ? 32 : 16;
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0u) << bytes;
        blocks.push_back({block, bytes});
        if (i % 3 == 0) {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            pool_.deallocate(blocks.back().first, blocks.back().second);
            blocks.pop_back();
        }
        if (i % 1000 == 0) pool_.give_back_all();
    }
    for (const auto& [block, bytes] : blocks) pool_.deallocate(block, bytes);
}

TEST_F(Frames, of_a_peak_go_back_to_the_system) {
    if (kSanitized) GTEST_SKIP() << "shadow memory is resident, too";
    const std::size_t before = resident_bytes();
    {
        Blocks peak(pool_);
        for (int i = 0; i < 100'000; ++i) peak.add(400);
        EXPECT_GT(resident_bytes() - before, std::size_t{36'000'000});
    }
    settle();
    EXPECT_LT(resident_bytes(), before + 6'000'000);
    EXPECT_LE(heap_.mapped(), std::size_t{4} << 20) << "regions that are free as a whole are unmapped";
}

TEST_F(Frames, that_are_left_of_a_peak_keep_only_their_own_pages) {
    if (kSanitized) GTEST_SKIP() << "shadow memory is resident, too";
    Blocks kept(pool_);
    const std::size_t before = resident_bytes();
    {
        Blocks peak(pool_);
        for (int i = 0; i < 100'000; ++i) {
            peak.add(400);
            if (i % 1000 == 0) kept.add(64);
        }
    }
    settle();
    EXPECT_LT(resident_bytes(), before + 8'000'000);
    // What went back comes again.
    Blocks again(pool_);
    for (int i = 0; i < 100'000; ++i) again.add(304);
}

TEST_F(Frames, that_are_needed_again_within_a_second_stay) {
    std::vector<void*> blocks(10'000);
    auto now = FrameHeap::Clock::now();
    static_cast<void>(heap_.settle(now));
    for (void*& block : blocks) block = pool_.allocate(208);
    const std::size_t had = heap_.in_use();
    for (int burst = 0; burst < 5; ++burst) {
        for (void* block : blocks) pool_.deallocate(block, 208);
        static_cast<void>(pool_.trim());
        for (void*& block : blocks) block = pool_.allocate(208);
        static_cast<void>(heap_.settle(now += FrameHeap::kInterval));
        EXPECT_EQ(heap_.in_use(), had);
    }
    for (void* block : blocks) pool_.deallocate(block, 208);
}

#ifdef AIO_FRAMES_UNDER_ASAN
TEST_F(Frames, that_are_free_are_poisoned) {
    auto* block = static_cast<char*>(pool_.allocate(200));
    EXPECT_FALSE(__asan_address_is_poisoned(block + 199));
    EXPECT_TRUE(__asan_address_is_poisoned(block + 200)) << "its end is where it was asked for";
    pool_.deallocate(block, 200);
    EXPECT_TRUE(__asan_address_is_poisoned(block));
    EXPECT_TRUE(__asan_address_is_poisoned(block + 199));
    EXPECT_EQ(pool_.allocate(196), block);
    EXPECT_FALSE(__asan_address_is_poisoned(block));
    pool_.deallocate(block, 196);
}
#endif

// Random work of three threads that free each other's blocks, with failures, trims and ends of threads in between.
TEST_F(Frames, of_many_threads_do_not_get_mixed_up) {
    heap_.set_limit(24 << 20);
    std::mutex mutex;
    std::vector<std::pair<unsigned char*, std::size_t>> shared;
    const auto work = [&](unsigned seed) {
        FramePool pool(heap_);
        std::mt19937 random(seed);
        for (int i = 0; i < 60'000; ++i) {
            if (random() % 20'000 == 0) static_cast<void>(pool.trim());
            if (random() % 20'000 == 0) pool.give_back_all();
            std::lock_guard lock(mutex);
            if (random() % 100 < 52) {
                const std::size_t bytes = 16 * (1 + random() % 64);
                try {
                    auto* block = static_cast<unsigned char*>(pool.allocate(bytes));
                    std::memset(block, static_cast<int>(bytes / 16), bytes);
                    shared.push_back({block, bytes});
                } catch (const std::bad_alloc&) {}
            } else if (!shared.empty()) {
                std::swap(shared[random() % shared.size()], shared.back());
                const auto [block, bytes] = shared.back();
                shared.pop_back();
                ASSERT_EQ(block[0], bytes / 16);
                ASSERT_EQ(block[bytes - 1], bytes / 16);
                pool.deallocate(block, bytes);
            }
        }
        pool.give_back_all();
    };
    std::vector<std::thread> threads;
    for (unsigned seed = 1; seed <= 3; ++seed) threads.emplace_back(work, seed);
    for (std::thread& thread : threads) thread.join();
    for (const auto& [block, bytes] : shared) pool_.deallocate(block, bytes);
}

}  // namespace aio::test
