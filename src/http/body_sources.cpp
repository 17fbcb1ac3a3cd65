// Bodies that are sent piece by piece: a text, a file, a generator.
#include "http/body_sources.hpp"

#include <aio/base/error.hpp>

#include "io/files/fairness.hpp"
#include "io/files/in_thread.hpp"
#include "io/files/system_calls.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace aio::http::detail {

namespace {

constexpr std::size_t kPiece = 64 * 1024;

using ::aio::detail::UniqueFd;

}  // namespace

Coro<std::string_view> TextBody::next_piece() {
    if (std::exchange(given_, true)) co_return std::string_view();
    co_return *text_;
}

Coro<> FileBody::open() {
    ::aio::detail::check_path(path_);
    int fd = ::aio::detail::open_now(path_.c_str(), O_RDONLY);
    if (fd < 0) {
        auto call = [path = path_] { return ::aio::detail::open_waiting(path.c_str(), O_RDONLY, 0); };
        fd = co_await ::aio::detail::in_thread(std::move(call));
    }
    if (fd < 0) throw_os_error(-fd, "open " + ::aio::detail::quoted(path_) + " to send it");
    fd_ = std::make_shared<UniqueFd>(fd);
    if (::lseek(fd, static_cast<off_t>(offset_), SEEK_SET) < 0) {
        throw_os_error(errno, "seek in " + ::aio::detail::quoted(path_));
    }
}

Coro<std::size_t> FileBody::read(std::size_t most) {
    piece_.resize(most);
    int count = ::aio::detail::read_now(fd_->get(), piece_.data(), most);
    if (count >= 0) {
        if (::aio::detail::turn_is_over(static_cast<std::size_t>(count))) co_await ::aio::detail::Pass();
        co_return static_cast<std::size_t>(count);
    }
    // Into memory of the thread's own: the read continues even if this is cancelled.
    auto call = [fd = fd_, most] {
        ::aio::detail::Answer<std::string> answer;
        answer.value.resize(most);
        answer.error = ::aio::detail::read_waiting(fd->get(), answer.value.data(), most);
        return answer;
    };
    ::aio::detail::Answer<std::string> answer = co_await ::aio::detail::in_thread(std::move(call));
    if (answer.error < 0) throw_os_error(-answer.error, "read " + ::aio::detail::quoted(path_) + " to send it");
    piece_ = std::move(answer.value);
    co_return static_cast<std::size_t>(answer.error);
}

Coro<std::string_view> FileBody::next_piece() {
    if (ended_ || left_ == std::uint64_t{0}) {
        fd_.reset();
        co_return std::string_view();
    }
    if (!fd_) co_await open();
    const std::uint64_t most = std::min<std::uint64_t>(kPiece, left_.value_or(kPiece));
    const std::size_t count = co_await read(static_cast<std::size_t>(most));
    if (count == 0) {
        if (left_) {
            throw RuntimeError("the file " + ::aio::detail::quoted(path_) +
                               " became shorter while it was sent: " + std::to_string(*left_) + " bytes are missing");
        }
        ended_ = true;
    }
    if (left_) *left_ -= count;
    co_return std::string_view(piece_).substr(0, count);
}

Coro<std::string_view> GeneratorBody::next_piece() {
    while (true) {
        auto piece = co_await pieces_.next();
        if (!piece) co_return std::string_view();
        if (piece->empty()) continue;
        piece_ = std::move(*piece);
        co_return piece_;
    }
}

}  // namespace aio::http::detail
