// Options of a connection's socket. Internal.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>

#include "core/backend/backend.hpp"
#include "core/loop_state.hpp"

#include <string>

namespace aio::db::detail {

// Goes by the loop's backend, as all calls on its sockets. `name`: the option's, for the error. Errors: OSError.
inline void set_socket_option(int fd, int level, int option, int value, const char* name) {
    const int result = get_running_loop().state().backend->set_option(fd, level, option, &value, sizeof value);
    if (result != 0) throw_os_error(-result, std::string("setsockopt ") + name);
}

}  // namespace aio::db::detail
