// What people, or other programs, see of a WebSocket: messages as lines of standard output.
//
// On a terminal a line that is being typed stays below them. The terminal does the editing (it is in its usual mode, and this
// program does not know what was typed so far), so a message is put into rows that are inserted above the row of the cursor.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/files.hpp>
#include <aio/sync/lock.hpp>
#include <aio/ws/errors.hpp>
#include <aio/ws/message.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace aio::cli {

// A message in one line: control characters are escaped, binary data are "(binary) " and hexadecimal digits.
std::string message_line(const ws::Message& message);

// The bytes that show `text`, one line without control characters, above the row of the cursor, on a terminal of so many
// rows and columns. What is longer than the screen is shown in several steps.
std::string insert_above_cursor(std::string_view text, std::size_t rows, std::size_t columns);

class WebSocketScreen {
public:
    explicit WebSocketScreen(bool json);

    // Each: *Errors*: OSError when standard output takes no more.
    Coro<> connected(std::string url, std::string subprotocol);
    Coro<> show(ws::Message message);
    Coro<> closed(ws::Close close);
    // On a terminal: asks for the next line.
    Coro<> prompt();

    // A problem, on standard error.
    void complain(std::string_view text);

private:
    Coro<> put_line(std::string line);
    Coro<> write(std::string bytes);

    files::File out_ = files::stdout_bytes();
    Lock lock_;  // one write after the other
    bool json_, interactive_;
};

}  // namespace aio::cli
