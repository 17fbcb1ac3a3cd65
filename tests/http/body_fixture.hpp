// Bodies for tests: text that comes in pieces, and what a body gives in all.
#pragma once

#include <aio/core/sleep.hpp>
#include <aio/http/body_reader.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace aio::test {

// `text` in pieces of `size` bytes; each comes a pass of the loop later, or at once.
class Chopped final : public http::detail::BodySource {
public:
    explicit Chopped(std::string text, std::size_t size = 1, bool waits = false)
        : text_(std::move(text)), size_(size), waits_(waits) {}

    Coro<std::string_view> next_piece() override {
        if (waits_) co_await aio::sleep(0ms);
        piece_ = text_.substr(begin_, size_);  // a copy, so that a sanitizer sees who keeps it too long
        begin_ += piece_.size();
        co_return piece_;
    }

private:
    std::string text_;
    std::string piece_;
    std::size_t size_, begin_ = 0;
    bool waits_;
};

inline Coro<std::string> all_of(http::detail::BodySource& body) {
    std::string text;
    while (true) {
        const std::string_view piece = co_await body.next_piece();
        if (piece.empty()) co_return text;
        text += piece;
    }
}

// Text that compresses as text does: words in an order that a seed decides.
inline std::string prose(std::size_t size, unsigned seed = 1) {
    static constexpr std::string_view kWords[] = {"the ",  "loop ",    "waits ", "for ", "a ", "socket ", "and ",
                                                  "then ", "resumes ", "its ",   "task", ". ", "Nobody ", "blocks "};
    std::string text;
    while (text.size() < size) {
        seed = seed * 1103515245 + 12345;
        text += kWords[(seed >> 16) % std::size(kWords)];
    }
    text.resize(size);
    return text;
}

}  // namespace aio::test
