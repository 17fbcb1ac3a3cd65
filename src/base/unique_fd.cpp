// The one system call of UniqueFd, so that <unistd.h> stays out of its header, where everything else is.
#include "base/unique_fd.hpp"

#include <unistd.h>

namespace aio::detail {

void UniqueFd::close() noexcept {
    if (fd_ >= 0) ::close(take());  // never again after EINTR: Linux has given the number away by then
}

}  // namespace aio::detail
