// Source: termios(3), non-canonical mode; poll(2).
#include "cli/keys.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace aio::cli {

namespace {

volatile std::sig_atomic_t asked_to_end = 0;

extern "C" void ask_to_end(int) { asked_to_end = 1; }

}  // namespace

Keys::Keys() noexcept : terminal_(::isatty(0) && ::tcgetattr(0, &before_) == 0) {
    if (!terminal_) return;
    struct sigaction action{};
    action.sa_handler = ask_to_end;
    ::sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
    termios single = before_;
    single.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    single.c_cc[VMIN] = 0;
    single.c_cc[VTIME] = 0;
    terminal_ = ::tcsetattr(0, TCSANOW, &single) == 0;
}

Keys::~Keys() {
    if (terminal_) ::tcsetattr(0, TCSANOW, &before_);
}

char Keys::wait(int milliseconds) noexcept {
    pollfd input{0, POLLIN, 0};
    const int ready = ::poll(&input, terminal_ ? 1 : 0, milliseconds);
    if (asked_to_end) return 'q';
    char key = 0;
    if (ready <= 0 || ::read(0, &key, 1) == 1) return key;
    terminal_ = false;  // it is gone: no more keys
    return 'q';
}

}  // namespace aio::cli
