// expect: write std::to_string
#include <aio/io/subprocess.hpp>

aio::Coro<> naps() { co_await aio::create_subprocess_exec("sleep", 5); }
