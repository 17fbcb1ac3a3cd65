// The first line of a message as it stands on the wire. llhttp does not tell where it has skipped spaces, nor whether it
// was HTTP: it also takes RTSP/1.0 and ICE/1.0. The length of the line and its end tell.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace aio::http::wire {

class StartLine {
public:
    void begin() noexcept {
        size_ = 0;
        ended_ = false;
    }
    bool ended() const noexcept { return ended_; }
    // With its line end.
    std::size_t size() const noexcept { return size_; }
    // Its last 11 bytes: " HTTP/1.1\r\n". Before it, if it is shorter, what stands there does not matter.
    std::string_view tail() const noexcept { return {tail_.data(), tail_.size()}; }

    // Takes what belongs to it from the front of [begin, end); where the rest begins.
    const char* take(const char* begin, const char* end) noexcept {
        const auto* lf = static_cast<const char*>(std::memchr(begin, '\n', static_cast<std::size_t>(end - begin)));
        const char* const stop = lf ? lf + 1 : end;
        const auto size = static_cast<std::size_t>(stop - begin);
        if (size >= tail_.size()) [[likely]] {
            std::memcpy(tail_.data(), stop - tail_.size(), tail_.size());
        } else {
            std::copy(tail_.begin() + static_cast<std::ptrdiff_t>(size), tail_.end(), tail_.begin());
            std::copy(begin, stop, tail_.end() - static_cast<std::ptrdiff_t>(size));
        }
        size_ += size;
        ended_ = lf != nullptr;
        return stop;
    }

private:
    std::array<char, 11> tail_{};
    std::size_t size_ = 0;
    bool ended_ = false;
};

}  // namespace aio::http::wire
