// Content codings: whatever comes, in whatever pieces, is unpacked or refused, in bounded memory.
// The first byte chooses the coding, the second one the size of the pieces.
#include "http/wire/coding.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace aio::http::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    constexpr Coding kCodings[] = {Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd};
    const std::size_t piece_size = data[1] == 0 ? size : data[1];
    const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
    DecoderLimits limits;
    limits.max_size = 8 << 20;
    try {
        Decoder decoder(kCodings[data[0] % 4], limits);
        for (std::size_t at = 0; at < all.size(); at += piece_size) {
            std::string_view input = all.substr(at, piece_size);
            while (true) {
                const std::string_view output = decoder.decode(input);
                if (output.size() > Decoder::kPiece) std::abort();
                if (output.empty()) break;
            }
            if (!input.empty()) std::abort();
        }
        decoder.finish();
    } catch (const CodingError&) {}
    return 0;
}
