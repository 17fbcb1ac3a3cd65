// A descriptor that closes itself.
#pragma once

#include <utility>

namespace aio::detail {

class UniqueFd {
public:
    UniqueFd() noexcept = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}  // negative: none, as system calls say that they have failed
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.take()) {}
    UniqueFd& operator=(UniqueFd other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~UniqueFd() { close(); }

    // What the kernel could not write back is lost without a word: who wrote to a file takes the descriptor and closes
    // it himself. Source: close(2), "Dealing with error returns from close()".
    void close() noexcept;

    int get() const noexcept { return fd_; }
    int take() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

}  // namespace aio::detail
