// What functions on paths share. Internal to src/io/files.
#pragma once

#include "io/files/in_thread.hpp"

#include <atomic>
#include <string>

namespace aio::detail {

// Makes `call`, which gives 0 or a negative errno, on a thread. Errors: OSError saying `attempted`; ValueError for
// paths that are none.
template <class F>
Coro<> attempt_on(std::string path, std::string other, std::string attempted, F call) {
    check_path(path);
    check_path(other);
    const int result = co_await in_thread(std::move(call));
    if (result < 0) throw_os_error(-result, attempted);
}
template <class F>
Coro<> attempt_on(const std::string& path, const char* verb, F call) {
    return attempt_on(path, std::string(), std::string(verb) + " " + quoted(path), std::move(call));
}

// "/a/b" of "/a/b/c", "/" of "/a", "" of "a"; trailing slashes do not count.
std::string parent_of(const std::string& path);

// Eight letters and digits that nobody can guess, for a name that nobody has. Errors: OSError.
std::string random_letters();

// These block.
int make_directories(const std::string& path, unsigned mode, bool exist_ok) noexcept;
void remove_empty_parents(const std::string& path) noexcept;
int remove_tree(const std::string& path, bool ignore_errors, const std::atomic<bool>& stop);

}  // namespace aio::detail
