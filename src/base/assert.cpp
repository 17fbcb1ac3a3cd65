// What a broken invariant prints. It allocates nothing: memory may be what is broken.
#include <aio/base/assert.hpp>

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace aio::detail {

namespace {

// write(2), whose failure has no remedy here.
void print(const char* text, std::size_t size) noexcept {
    if (::write(STDERR_FILENO, text, size) < 0) return;
}
void print(const char* text) noexcept { print(text, std::strlen(text)); }

}  // namespace

void assertion_failed(const char* condition, const std::source_location& where) noexcept {
    char line[16];
    const auto [end, error] = std::to_chars(line, line + sizeof line, where.line());
    print("aiocpp: broken invariant at ");
    print(where.file_name());
    print(":");
    print(line, static_cast<std::size_t>(end - line));
    print(" in ");
    print(where.function_name());
    print(": ");
    print(condition);
    print("\nThis is a fault in aiocpp, or memory was overwritten; please report it with this line.\n");
    std::abort();
}

}  // namespace aio::detail
