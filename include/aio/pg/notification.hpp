// Notifications: messages between sessions, by LISTEN and NOTIFY.
#pragma once

#include <cstdint>
#include <string>

namespace aio::pg {

// A message that a session sent by NOTIFY or pg_notify().
struct Notification {
    std::string channel;
    std::string payload;
    std::uint32_t process = 0;  // get_server_pid() of the session that sent it
};

// The result of Connection::add_listener(), for remove_listener().
struct Listener {
    std::string channel;
    std::uint64_t number = 0;
};

}  // namespace aio::pg
