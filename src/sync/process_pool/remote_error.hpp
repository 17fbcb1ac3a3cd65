// How an exception gets from a worker to the process that waits for it.
#pragma once

#include <exception>
#include <string>

namespace aio::detail {

// The current exception, as bytes: its type, its what(), its code. Never throws: without memory it says that.
std::string pickle_current_exception() noexcept;
// Throws what those bytes say: a type of the standard library or of aio as itself, if it was exactly that;
// RemoteError otherwise.
[[noreturn]] void throw_remote(const std::string& bytes);

}  // namespace aio::detail
