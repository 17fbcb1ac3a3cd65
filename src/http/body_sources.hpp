// What bodies that are sent come from: text, a file, a generator; each gives pieces when it is asked (BodySource).
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/http/body_reader.hpp>

#include "base/unique_fd.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http::detail {

// One piece, its own or shared.
class TextBody final : public BodySource {
public:
    explicit TextBody(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
    explicit TextBody(std::shared_ptr<const std::string> text) noexcept : text_(std::move(text)) {}
    Coro<std::string_view> next_piece() override;

private:
    std::shared_ptr<const std::string> text_;
    bool given_ = false;
};

// A file from `offset` on; with a size, exactly that many bytes, whatever it grows to meanwhile. What is in the page
// cache is read at once, all else on a thread. Regular files only.
// Cancel: what was being read is lost, the body is to be dropped. Errors: OSError; RuntimeError if the file ends early.
class FileBody final : public BodySource {
public:
    explicit FileBody(std::string path, std::uint64_t offset = 0, std::optional<std::uint64_t> size = std::nullopt)
        : path_(std::move(path)), offset_(offset), left_(size) {}
    Coro<std::string_view> next_piece() override;

private:
    Coro<> open();
    Coro<std::size_t> read(std::size_t most);

    std::string path_;
    std::uint64_t offset_;
    std::optional<std::uint64_t> left_;
    std::shared_ptr<::aio::detail::UniqueFd> fd_;  // shared with the thread that reads
    std::string piece_;
    bool ended_ = false;
};

// What a generator yields; empty pieces are skipped.
class GeneratorBody final : public BodySource {
public:
    explicit GeneratorBody(AsyncGenerator<std::string> pieces) noexcept : pieces_(std::move(pieces)) {}
    Coro<std::string_view> next_piece() override;

private:
    AsyncGenerator<std::string> pieces_;
    std::string piece_;
};

}  // namespace aio::http::detail
