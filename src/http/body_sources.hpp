// What bodies that are sent come from: text, a file, a generator; each gives pieces when it is asked (BodySource).
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/io/file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http::detail {

// One piece.
class TextBody final : public BodySource {
public:
    explicit TextBody(std::string text) noexcept : text_(std::move(text)) {}
    Coro<std::string_view> next_piece() override;

private:
    std::string text_;
    bool given_ = false;
};

// A file from `offset` on: exactly `size` bytes, if that is given, whatever it grows to meanwhile.
// Errors: OSError; RuntimeError if the file ends too early.
class FileBody final : public BodySource {
public:
    FileBody(std::string path, std::uint64_t offset, std::optional<std::uint64_t> size) noexcept
        : path_(std::move(path)), offset_(offset), left_(size) {}
    Coro<std::string_view> next_piece() override;

private:
    std::string path_;
    std::uint64_t offset_;
    std::optional<std::uint64_t> left_;
    files::File file_;
    std::string piece_;
    bool open_ = false, ended_ = false;
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
