// expect: no matching function
// CPython: test_base_events.test_create_unix_server_path_socket_error
// A server listens at a path or on a socket: asyncio's ValueError for both is an error of the compiler here.
#include <aio/io/create_connection.hpp>

struct Silent : aio::Protocol {
    void data_received(std::string_view) override {}
};

auto server() {
    return aio::create_unix_server([] { return std::make_unique<Silent>(); }, "/tmp/socket", 3);
}
