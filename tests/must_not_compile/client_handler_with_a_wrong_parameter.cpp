// expect: a server's handler is called with
#include <aio/io/server.hpp>

aio::Coro<> handle(int descriptor);
aio::Coro<> serve() { aio::Server server = co_await aio::start_unix_server(handle, "/tmp/socket"); }
