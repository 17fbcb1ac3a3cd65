#include "io/stale_socket.hpp"

#include <aio/core/log.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace aio::detail {

void remove_stale_socket(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        log(LogLevel::error, "Unable to remove the stale AF_UNIX socket " + path);
    }
}

}  // namespace aio::detail
