// Copying between descriptors, in the kernel where it can. Internal to src/io/files. These block.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aio::detail {

// Copies up to `most` bytes from where `in` is to where `out` is: the count, 0 at the end, or a negative errno.
std::int64_t copy_some(int in, int out, std::size_t most) noexcept;

}  // namespace aio::detail
