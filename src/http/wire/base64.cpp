// base64 of a whole text. Decoding is TransferDecoder's (transfer_encoding.cpp), but white space is refused here.
#include "http/wire/base64.hpp"

#include <aio/base/error.hpp>

#include "http/wire/transfer_encoding.hpp"

namespace aio::http::wire {

std::string base64(std::string_view data) {
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const std::string_view group = data.substr(i, 3);
        unsigned bits = 0;
        for (std::size_t j = 0; j < 3; ++j)
            bits = bits << 8 | (j < group.size() ? static_cast<unsigned char>(group[j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) text += j <= group.size() ? kAlphabet[bits >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

std::optional<std::string> unbase64(std::string_view text) {
    if (text.find_first_of(" \t\r\n") != std::string_view::npos) return std::nullopt;
    std::string data;
    try {
        TransferDecoder decoder(TransferEncoding::base64);
        decoder.decode(text, data);
        decoder.finish(data);
    } catch (const ValueError&) {
        return std::nullopt;
    }
    return data;
}

}  // namespace aio::http::wire
