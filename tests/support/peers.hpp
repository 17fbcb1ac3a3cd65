// Handlers and helpers that tests of streams share.
#pragma once

#include <aio/core/wait.hpp>
#include <aio/io/server.hpp>

#include "support/command.hpp"

#include <string>

#include <gmock/gmock.h>

namespace aio::test {

class ZeroDivision : public std::runtime_error {
    using runtime_error::runtime_error;
};

// One HTTP/1.0 answer, "Test message", as CPython's test server gives it.
Coro<> serve_page(StreamReader reader, StreamWriter writer);
Coro<> expect_page(StreamReader reader, StreamWriter writer);
// Each line back, until the end.
Coro<> echo_lines(StreamReader reader, StreamWriter writer);
// Whatever comes, back.
Coro<> echo_bytes(StreamReader reader, StreamWriter writer);
// At the end of the stream, how many bytes it had.
Coro<> count_bytes(StreamReader reader, StreamWriter writer);
// Waits for a byte and resets the connection.
Coro<> reset_at_once(StreamReader reader, StreamWriter writer);

// Closes both and waits until they are.
Coro<> end(Server server, StreamWriter writer);

// A path for a socket that nothing is at.
std::string fresh_socket_path();

// Waits until `task` is done, however it ends.
template <class T>
Coro<> wait_for_all(Task<T> task) {
    std::vector<Task<T>> tasks(1, std::move(task));
    co_await wait(tasks);
}

}  // namespace aio::test
