// Messages as lines, and the rows they take on a terminal.
#include "cli/websocket_screen.hpp"

#include "cli/printable.hpp"
#include "http/wire/syntax.hpp"

#include <nlohmann/json.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace aio::cli {

namespace {

// Of a character that begins with this byte. What may take two columns counts as two: a row that is inserted in vain does
// no harm, one that is missing overwrites what is being typed. Wide are only characters above U+10FF (Hangul, U+1100; CJK;
// emoji).
std::size_t columns_of(std::string_view character) noexcept {
    return static_cast<unsigned char>(character[0]) >= 0xe1 ? 2 : 1;
}

std::string one_line(std::string_view text) {
    std::string line = printable_line(text);
    for (std::size_t at = line.find('\n'); at != std::string::npos; at = line.find('\n', at + 2)) {
        line.replace(at, 1, "\\n");
    }
    return line;
}

std::string hex_of(std::string_view bytes) {
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const char byte : bytes) http::wire::append_hex(hex, byte);
    return hex;
}

std::string json_line(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A part of a line that fills so many rows. Saves the position of the cursor, makes room below (the screen scrolls if there
// is none), goes up again, inserts rows there, which moves the row that is being typed down, writes into them, and moves the
// cursor to where that row is now. Source: print_during_input() of websockets' cli.py, for one row.
void insert_rows(std::string& bytes, std::string_view text, std::size_t count) {
    const std::string number = std::to_string(count);
    bytes += "\0337" + std::string(count, '\n') + "\033[" + number + "A\033[" + number + "L\r";
    bytes += text;
    bytes += "\n\0338\033[" + number + "B";
}

}  // namespace

std::string message_line(const ws::Message& message) {
    return message.is_text() ? one_line(message.data()) : "(binary) " + hex_of(message.data());
}

std::string insert_above_cursor(std::string_view text, std::size_t rows, std::size_t columns) {
    columns = std::max<std::size_t>(columns, 2);
    const std::size_t most = std::max<std::size_t>(rows, 2) - 1;
    std::string bytes;
    std::string_view rest = text;
    do {
        // A wide character that does not fit at the end of a row goes to the next one.
        std::size_t count = 1, column = 0;
        std::string_view behind = rest;
        while (!behind.empty()) {
            std::string_view next = behind;
            const std::size_t width = columns_of(take_character(next).bytes);
            if (column + width > columns) {
                if (count == most) break;
                ++count;
                column = 0;
            }
            column += width;
            behind = next;
        }
        insert_rows(bytes, rest.substr(0, rest.size() - behind.size()), count);
        rest = behind;
    } while (!rest.empty());
    return bytes;
}

WebSocketScreen::WebSocketScreen(bool json)
    : json_(json), interactive_(::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1) {}

Coro<> WebSocketScreen::connected(std::string url, std::string subprotocol) {
    std::string line = "Connected to " + url + (subprotocol.empty() ? "." : ", subprotocol " + subprotocol + ".");
    if (json_) {
        line = json_line({{"type", "connected"}, {"url", url}, {"subprotocol", subprotocol}});
    } else if (!interactive_) {
        complain(line);
        co_return;
    }
    co_await write(line + "\n");
}

Coro<> WebSocketScreen::show(ws::Message message) {
    std::string line = "< " + message_line(message);
    if (json_ && message.is_text()) line = json_line({{"type", "text"}, {"data", message.data()}});
    if (json_ && !message.is_text()) line = json_line({{"type", "binary"}, {"data", hex_of(message.data())}});
    co_await put_line(std::move(line));
}

// In place of the row that is being typed: it will not be sent.
Coro<> WebSocketScreen::closed(ws::Close close) {
    std::string line = "Connection closed: " + one_line(close.str()) + ".";
    if (json_) {
        line = json_line({{"type", "closed"}, {"code", close.code}, {"reason", close.reason}});
    } else if (!interactive_) {
        complain(line);
        co_return;
    }
    co_await write((interactive_ ? "\r\033[K" : "") + line + "\n");
}

Coro<> WebSocketScreen::prompt() {
    if (interactive_) co_await write("> ");
}

void WebSocketScreen::complain(std::string_view text) {
    const std::string line = (interactive_ ? "\r\033[K" : "") + printable_line(text) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

Coro<> WebSocketScreen::put_line(std::string line) {
    if (!interactive_) co_return co_await write(std::move(line) + "\n");
    winsize size = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size.ws_row = 24;
        size.ws_col = 80;
    }
    co_await write(insert_above_cursor(line, size.ws_row, size.ws_col));
}

Coro<> WebSocketScreen::write(std::string bytes) {
    const auto turn = co_await lock_.scoped();
    co_await out_.write(std::string_view(bytes));
    co_await out_.flush();
}

}  // namespace aio::cli
