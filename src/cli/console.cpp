// Lines and bars on a terminal, or in a log.
#include "cli/console.hpp"

#include "cli/printable.hpp"

#include <aio/core/event_loop.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace aio::cli {

namespace {

constexpr std::size_t kMostBars = 12;

struct Screen {
    std::size_t columns = 80, rows = 24;
};

Screen screen() {
    Screen result;
    winsize size = {};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        result.columns = size.ws_col;
        result.rows = size.ws_row;
    }
    return result;
}

void put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

}  // namespace

Console::Console(bool silent, bool show_errors, std::size_t files)
    : progress_(files), silent_(silent), show_errors_(show_errors), bars_(!silent && ::isatty(STDERR_FILENO) == 1) {}

void Console::write_line(std::string_view text) {
    erase();
    put(printable_line(text) + "\n");
    draw();
}

void Console::say(std::string_view text) {
    if (!silent_) write_line(text);
}

void Console::complain(std::string_view text) {
    if (!silent_ || show_errors_) write_line(text);
}

void Console::draw() {
    if (!bars_ || progress_.running() == 0) return;
    const Screen size = screen();
    const std::size_t most = std::clamp<std::size_t>(size.rows, 3, kMostBars + 2) - 2;
    // The last column stays free: some terminals would go on to the next line.
    const std::vector<std::string> lines =
        progress_.render(std::max<std::size_t>(size.columns, 20) - 1, most, get_running_loop().time());
    erase();
    std::string text;
    for (const std::string& line : lines) text += printable_line(line) + "\n";
    put(text);
    drawn_ = lines.size();
}

void Console::erase() {
    if (drawn_ == 0) return;
    put("\033[" + std::to_string(drawn_) + "A\r\033[J");
    drawn_ = 0;
}

}  // namespace aio::cli
