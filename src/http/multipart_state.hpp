// Behind MultipartReader and BodyPart: finds the delimiters in a body that comes in pieces cut anywhere.
#pragma once

#include <aio/http/multipart.hpp>

#include "http/wire/parameters.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::detail {

struct MultipartState {
    enum class Stage : std::uint8_t { preamble, head, part, epilogue, ended };

    MultipartState(BodyReader& body, std::string_view boundary, const MultipartLimits& its_limits);

    // The current part's next piece, encoded as it came, valid until the next call; empty at its end.
    Coro<std::string_view> read_piece();
    // Goes to the next part, behind its header fields, which come into `headers`. False: there is none.
    Coro<bool> next_part(Headers& headers);

    BodyReader* input;
    std::shared_ptr<MultipartPart> outer;  // of parts within a part: that one, which has the input
    MultipartLimits limits;
    Stage stage = Stage::preamble;
    std::uint64_t serial = 0;  // counts calls of next_part(): a part knows whether it still is the current one
    std::size_t parts = 0;
    std::size_t depth = 1;  // of parts within parts

private:
    // What stands at the front of rest().
    struct Look {
        enum class Kind : std::uint8_t { data, delimiter, closing, unknown };  // unknown: more input will tell
        Kind kind;
        std::size_t size;  // in bytes
    };
    Look look() const noexcept;
    Look judge(std::string_view behind_delimiter) const noexcept;
    std::size_t cut_delimiter(std::string_view text) const noexcept;

    std::string_view rest() const noexcept { return std::string_view(buffer_).substr(begin_); }
    // More input, counted; empty at its end.
    Coro<std::string_view> receive();
    Coro<> fill();
    Coro<> skip_epilogue();
    Coro<> skip_preamble();
    Coro<> read_head(Headers& headers);
    void parse_head(std::string_view lines, Headers& headers) const;

    std::string delimiter_;  // "\r\n--boundary"
    std::string buffer_;     // what came and was not given away begins at begin_
    std::size_t begin_ = 0;
    std::uint64_t received_ = 0;
};

// What one part is, and how its content comes: raw, without its Content-Transfer-Encoding, without its
// Content-Encoding.
struct MultipartPart {
    MultipartPart(std::shared_ptr<MultipartState> its_reader, Headers its_headers);

    std::shared_ptr<MultipartState> reader;
    Headers headers;
    std::string name;
    std::optional<std::string> filename;
    std::string content_type, charset, boundary;
    std::vector<std::unique_ptr<BodySource>> sources;  // each of the one before it
    BodyReader content;

private:
    void read_headers();
    void stack_sources();
};

}  // namespace aio::http::detail
