// malloc and its kin, in front of glibc's: they count, and they can fail. An executable's malloc takes the place of
// libc's for everything that is linked to it (malloc(3), "Replacing malloc" in glibc's manual).
#include "support/malloc.hpp"

#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define AIO_TEST_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define AIO_TEST_OWN_MALLOC 0
#endif
#endif
#if !defined(AIO_TEST_OWN_MALLOC)
#if defined(__GLIBC__)
#define AIO_TEST_OWN_MALLOC 1
#else
#define AIO_TEST_OWN_MALLOC 0
#endif
#endif

namespace aio::test::harness {

const bool malloc_is_ours = AIO_TEST_OWN_MALLOC;

}  // namespace aio::test::harness

#if AIO_TEST_OWN_MALLOC

using aio::test::harness::malloc_changed;
using aio::test::harness::malloc_may_succeed;

extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);

static void* counted(void* memory) noexcept {
    if (memory) malloc_changed(+1);
    return memory;
}

static void* refused() noexcept {
    errno = ENOMEM;
    return nullptr;
}

void* malloc(std::size_t bytes) noexcept { return malloc_may_succeed() ? counted(__libc_malloc(bytes)) : refused(); }

void* calloc(std::size_t count, std::size_t bytes) noexcept {
    return malloc_may_succeed() ? counted(__libc_calloc(count, bytes)) : refused();
}

void* realloc(void* memory, std::size_t bytes) noexcept {
    if (memory && bytes == 0) {
        std::free(memory);
        return nullptr;
    }
    if (!malloc_may_succeed()) return refused();
    void* const result = __libc_realloc(memory, bytes);
    return memory ? result : counted(result);
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
    return malloc_may_succeed() ? counted(__libc_memalign(alignment, bytes)) : refused();
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept { return memalign(alignment, bytes); }

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
    const int saved = errno;
    void* const result = memalign(alignment, bytes);
    errno = saved;
    if (!result) return ENOMEM;
    *memory = result;
    return 0;
}

void free(void* memory) noexcept {
    if (memory) malloc_changed(-1);
    __libc_free(memory);
}

}  // extern "C"

#endif
