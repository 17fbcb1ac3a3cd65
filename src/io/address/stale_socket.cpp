// Unlinks a socket file before bind(), even if a live server listens on it. Files of other types are left alone.
// Called by server/listener.cpp and datagram/datagram.cpp. A listener that stops removes its own file in listener.cpp.
#include "io/address/stale_socket.hpp"

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
