// BodyReader: pieces of a source, held together as far as a read wants. The source on a connection is in
// message_reader.cpp; decoded_body.cpp decompresses; multipart_state.cpp finds the parts of a multipart body.
#include <aio/base/error.hpp>
#include <aio/http/body_reader.hpp>

#include <algorithm>
#include <utility>

namespace aio::http {

std::size_t detail::worth_reserving(std::uint64_t size) noexcept {
    constexpr std::uint64_t kMost = 64 * 1024 * 1024;
    return static_cast<std::size_t>(std::min(size, kMost));
}

BodyReader::BodyReader(BodyReader&& other) noexcept { *this = std::move(other); }

BodyReader& BodyReader::operator=(BodyReader&& other) noexcept {
    source_ = std::exchange(other.source_, nullptr);
    piece_ = std::exchange(other.piece_, {});
    held_ = std::move(other.held_);
    other.held_.clear();
    held_begin_ = std::exchange(other.held_begin_, 0);
    total_bytes_ = other.total_bytes_;
    ended_ = std::exchange(other.ended_, true);
    reading_ = false;
    return *this;
}

void BodyReader::check_idle() const {
    if (reading_) throw RuntimeError("read() called while another coroutine is already waiting for incoming data");
}

Coro<bool> BodyReader::more() {
    if (ended_ || !source_) {
        ended_ = true;
        co_return false;
    }
    hold_piece();
    struct Reading {
        bool& flag;
        explicit Reading(bool& f) noexcept : flag(f) { flag = true; }
        ~Reading() { flag = false; }
    } reading(reading_);
    piece_ = co_await source_->next_piece();
    total_bytes_ += piece_.size();
    ended_ = piece_.empty();
    co_return !ended_;
}

void BodyReader::hold_piece() {
    if (piece_.empty()) return;
    if (held_begin_ > 0) {  // once for each piece: what is left is moved as often as pieces come, and no oftener
        held_.erase(0, held_begin_);
        held_begin_ = 0;
    }
    held_ += piece_;
    piece_ = {};
}

std::string_view BodyReader::gather() {
    if (held_begin_ == held_.size()) return piece_;
    hold_piece();
    return std::string_view(held_).substr(held_begin_);
}

std::string BodyReader::take(std::size_t size) {
    std::string result;
    const std::size_t held = held_.size() - held_begin_;
    if (held == 0) {
        result = piece_.substr(0, size);
        piece_.remove_prefix(result.size());
        return result;
    }
    if (held_begin_ == 0 && size >= held) {
        result.swap(held_);
    } else {
        result = held_.substr(held_begin_, size);
        held_begin_ += result.size();
    }
    if (held_begin_ == held_.size()) {
        held_.clear();
        held_begin_ = 0;
    }
    const std::string_view rest = piece_.substr(0, size - result.size());
    result += rest;
    piece_.remove_prefix(rest.size());
    return result;
}

std::string BodyReader::read_nowait(std::ptrdiff_t size) {
    return take(size < 0 ? available() : std::min(available(), static_cast<std::size_t>(size)));
}

Coro<std::string> BodyReader::read(std::ptrdiff_t size) {
    check_idle();
    if (size < 0) {
        if (const auto announced = source_ ? source_->announced_size() : std::nullopt; announced > total_bytes_) {
            held_.reserve(available() + detail::worth_reserving(*announced - total_bytes_));
        }
        // g++ 12 loses the await of `while (co_await more()) {}`: an empty body is no body to it.
        for (bool open = true; open;) open = co_await more();
        co_return take(available());
    }
    if (size > 0 && available() == 0) co_await more();
    co_return read_nowait(size);
}

Coro<std::string> BodyReader::readany() {
    check_idle();
    if (available() == 0) co_await more();
    co_return take(available());
}

Coro<std::pair<std::string, bool>> BodyReader::readchunk() {
    std::string piece = co_await readany();
    const bool ends_chunk = source_ && !piece.empty() && source_->piece_ends_chunk();
    co_return std::pair<std::string, bool>(std::move(piece), ends_chunk);
}

Coro<std::string_view> BodyReader::readany_view() {
    check_idle();
    if (available() == 0) {
        held_.clear();
        held_begin_ = 0;
        co_await more();
    }
    const std::string_view view = gather();
    if (piece_.empty()) {
        held_begin_ = held_.size();
    } else {
        piece_ = {};
    }
    co_return view;
}

Coro<std::string> BodyReader::readexactly(std::size_t size) {
    check_idle();
    for (bool open = true; open && available() < size;) open = co_await more();
    if (available() < size) {
        std::string partial = take(available());
        throw IncompleteReadError(std::move(partial), size);
    }
    co_return take(size);
}

Coro<std::string> BodyReader::readline(std::size_t limit) { return readuntil("\n", limit); }

Coro<std::string> BodyReader::readuntil(std::string separator, std::size_t limit) {
    if (separator.empty()) throw ValueError("readuntil: the separator is empty");
    check_idle();
    std::size_t searched = 0;
    while (true) {
        const std::string_view text = gather();
        const std::size_t at = text.find(separator, searched);
        if (at != std::string_view::npos && at + separator.size() <= limit) co_return take(at + separator.size());
        if (at != std::string_view::npos || text.size() > limit) {
            throw LimitOverrunError("readuntil: no separator within the limit of " + std::to_string(limit) + " bytes",
                                    text.size());
        }
        searched = text.size() < separator.size() ? 0 : text.size() - separator.size() + 1;
        if (!co_await more()) co_return take(available());
    }
}

BodyReader::Pieces BodyReader::iter_chunked(std::size_t size) {
    if (size == 0) throw ValueError("iter_chunked: the size must be positive");
    return {*this, Pieces::Kind::chunked, size};
}

Coro<std::optional<std::string>> BodyReader::Pieces::next() {
    std::string piece;
    if (kind_ == Kind::line) {
        piece = co_await reader_->readline();
    } else if (kind_ == Kind::any) {
        piece = co_await reader_->readany();
    } else {
        reader_->check_idle();
        for (bool open = true; open && reader_->available() < size_;) open = co_await reader_->more();
        piece = reader_->read_nowait(static_cast<std::ptrdiff_t>(size_));
    }
    if (piece.empty()) co_return std::nullopt;
    co_return piece;
}

Coro<std::optional<std::pair<std::string, bool>>> BodyReader::Chunks::next() {
    std::pair<std::string, bool> chunk = co_await reader_->readchunk();
    if (chunk.first.empty()) co_return std::nullopt;
    co_return chunk;
}

}  // namespace aio::http
