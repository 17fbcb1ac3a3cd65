// Content-Transfer-Encoding, which mail has and parts of a multipart body may have: base64 and quoted-printable, undone
// piece by piece. Source: RFC 2045 section 6.
#pragma once

#include <aio/base/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

enum class TransferEncoding : std::uint8_t { identity, base64, quoted_printable };

// "7bit", "8bit" and "binary" are identity. Nothing for one that we do not know.
std::optional<TransferEncoding> parse_transfer_encoding(std::string_view text) noexcept;

class TransferDecoder {
public:
    explicit TransferDecoder(TransferEncoding encoding) noexcept : encoding_(encoding) {}

    // Appends what `input` stands for to `output`. Errors: ValueError.
    void decode(std::string_view input, std::string& output);
    // The end. Errors: ValueError when it is one too early.
    void finish(std::string& output);

private:
    void decode_base64(std::string_view input, std::string& output);
    void decode_quoted(char c, std::string& output);

    TransferEncoding encoding_;
    std::uint32_t bits_ = 0;   // base64: of characters whose bytes are not complete
    unsigned characters_ = 0;  // of them, 0 to 3
    bool padded_ = false;      // "=" came
    std::string held_;         // quoted-printable: "=", "=4", "=\r", or white space that may be at a line's end
};

}  // namespace aio::http::wire
