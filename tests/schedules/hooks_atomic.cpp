// The functions that -fsanitize=thread makes compilers call, in place of libtsan's. Atomic operations are where threads
// may change; plain accesses are checked to be in allocated memory.
#include "schedules/memory.hpp"
#include "schedules/report.hpp"
#include "schedules/scheduler.hpp"

#include <cstddef>

namespace {

using namespace aio::schedules;

inline void note(const char* name, const volatile void* object, Access access, const void* code) {
    if (scheduled()) before({name, const_cast<const void*>(object), access, code});
}

inline void check(const void* address) {
    if (memory::dangling(address)) fail("a plain access to memory that is not allocated");
}

}  // namespace

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void** object, void*) { check(object); }
void __tsan_vptr_read(void** object) { check(object); }
void __tsan_read_range(void* address, std::size_t) { check(address); }
void __tsan_write_range(void* address, std::size_t) { check(address); }
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}

#define AIO_PLAIN_ACCESSES(bytes)                                        \
    void __tsan_read##bytes(void* address) { check(address); }           \
    void __tsan_write##bytes(void* address) { check(address); }          \
    void __tsan_unaligned_read##bytes(void* address) { check(address); } \
    void __tsan_unaligned_write##bytes(void* address) { check(address); }

AIO_PLAIN_ACCESSES(1)
AIO_PLAIN_ACCESSES(2)
AIO_PLAIN_ACCESSES(4)
AIO_PLAIN_ACCESSES(8)
AIO_PLAIN_ACCESSES(16)

#define AIO_READ_MODIFY_WRITE(bits, type, operation)                                    \
    type __tsan_atomic##bits##_##operation(volatile type* object, type value, int) {    \
        note("atomic " #operation, object, Access::write, __builtin_return_address(0)); \
        return __atomic_##operation(object, value, __ATOMIC_SEQ_CST);                   \
    }

#define AIO_COMPARE_EXCHANGE(bits, type, strength)                                                                  \
    int __tsan_atomic##bits##_compare_exchange_##strength(volatile type* object, type* expected, type desired, int, \
                                                          int) {                                                    \
        note("atomic compare_exchange", object, Access::write, __builtin_return_address(0));                        \
        return __atomic_compare_exchange_n(object, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);   \
    }

#define AIO_ATOMIC_ACCESSES(bits, type)                                                                             \
    type __tsan_atomic##bits##_load(const volatile type* object, int) {                                             \
        note("atomic load", object, Access::read, __builtin_return_address(0));                                     \
        return __atomic_load_n(object, __ATOMIC_SEQ_CST);                                                           \
    }                                                                                                               \
    void __tsan_atomic##bits##_store(volatile type* object, type value, int) {                                      \
        note("atomic store", object, Access::write, __builtin_return_address(0));                                   \
        __atomic_store_n(object, value, __ATOMIC_SEQ_CST);                                                          \
    }                                                                                                               \
    type __tsan_atomic##bits##_exchange(volatile type* object, type value, int) {                                   \
        note("atomic exchange", object, Access::write, __builtin_return_address(0));                                \
        return __atomic_exchange_n(object, value, __ATOMIC_SEQ_CST);                                                \
    }                                                                                                               \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type* object, type expected, type desired, int, int) { \
        note("atomic compare_exchange", object, Access::write, __builtin_return_address(0));                        \
        __atomic_compare_exchange_n(object, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
        return expected;                                                                                            \
    }                                                                                                               \
    AIO_COMPARE_EXCHANGE(bits, type, strong)                                                                        \
    AIO_COMPARE_EXCHANGE(bits, type, weak)                                                                          \
    AIO_READ_MODIFY_WRITE(bits, type, fetch_add)                                                                    \
    AIO_READ_MODIFY_WRITE(bits, type, fetch_sub)                                                                    \
    AIO_READ_MODIFY_WRITE(bits, type, fetch_and)                                                                    \
    AIO_READ_MODIFY_WRITE(bits, type, fetch_or)                                                                     \
    AIO_READ_MODIFY_WRITE(bits, type, fetch_xor)                                                                    \
    AIO_READ_MODIFY_WRITE(bits, type, fetch_nand)

AIO_ATOMIC_ACCESSES(8, char)
AIO_ATOMIC_ACCESSES(16, short)
AIO_ATOMIC_ACCESSES(32, int)
AIO_ATOMIC_ACCESSES(64, long)

// clang's.
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) check(to), check(from);
    return __builtin_memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) check(to), check(from);
    return __builtin_memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int value, std::size_t bytes) {
    if (bytes > 0) check(to);
    return __builtin_memset(to, value, bytes);
}

}  // extern "C"
