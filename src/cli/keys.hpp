// Single keys from a terminal, while a program redraws its screen.
#pragma once

#include <termios.h>

namespace aio::cli {

// While it lives, standard input, if it is a terminal, gives keys at once and without an echo, and Ctrl-C and SIGTERM make
// wait() return 'q', so that the terminal is as it was at the end.
class Keys {
public:
    Keys() noexcept;
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;
    ~Keys();

    // Waits for a key for so long at most. Result: the key; 0 if there was none.
    char wait(int milliseconds) noexcept;

private:
    bool terminal_ = false;
    termios before_{};
};

}  // namespace aio::cli
