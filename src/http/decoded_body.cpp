// Body sources that decompress or compress another source piece by piece, through one coding or several nested ones.
// The codings themselves are in wire/: coding.cpp (names), decoder.cpp (limits), coding_zlib.cpp and its siblings.
#include "http/decoded_body.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace aio::http::detail {

Coro<std::string_view> DecodedBody::next_piece() {
    while (true) {
        const std::string_view piece = decoder_.decode(rest_);
        if (!piece.empty()) co_return piece;
        if (ended_) co_return std::string_view();
        rest_ = co_await packed_.next_piece();
        if (!rest_.empty()) continue;
        decoder_.finish();
        ended_ = true;
    }
}

namespace {

// Several codings, one around the other.
class DecodedChain final : public BodySource {
public:
    DecodedChain(BodySource& packed, const std::vector<wire::Coding>& codings, wire::DecoderLimits limits) {
        BodySource* inner = &packed;
        for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
            stages_.push_back(std::make_unique<DecodedBody>(*inner, *coding, limits));
            inner = stages_.back().get();
        }
    }

    Coro<std::string_view> next_piece() override { return stages_.back()->next_piece(); }
    const Headers* trailers() const noexcept override { return stages_.back()->trailers(); }

private:
    std::vector<std::unique_ptr<DecodedBody>> stages_;
};

std::unique_ptr<BodySource> undo(BodySource& packed, const std::vector<wire::Coding>& codings,
                                 wire::DecoderLimits limits) {
    if (codings.empty()) return nullptr;
    if (codings.size() == 1) return std::make_unique<DecodedBody>(packed, codings.front(), limits);
    return std::make_unique<DecodedChain>(packed, codings, limits);
}

}  // namespace

std::unique_ptr<BodySource> decoded_body(BodySource& packed, std::string_view content_encoding,
                                         wire::DecoderLimits limits) {
    const auto codings = wire::parse_codings(content_encoding);
    if (!codings) {
        throw wire::CodingError(wire::CodingError::Kind::broken,
                                "Can not decode content-encoding: '" + wire::printable(content_encoding) + "'");
    }
    return undo(packed, *codings, limits);
}

std::unique_ptr<BodySource> decoded_message(BodySource& packed, const Headers& headers, wire::DecoderLimits limits) {
    const auto codings = wire::parse_codings(headers.combined("Content-Encoding"));
    return codings ? undo(packed, *codings, limits) : nullptr;
}

Coro<std::string_view> EncodedBody::next_piece() {
    constexpr std::size_t kAtOnce = 64 * 1024;  // bounds the output, however large the pieces are
    output_.clear();
    while (output_.empty() && !ended_) {
        if (rest_.empty()) rest_ = co_await plain_.next_piece();
        if (rest_.empty()) {
            ended_ = true;
            encoder_.finish(output_);
            break;
        }
        encoder_.encode(rest_.substr(0, kAtOnce), output_);
        rest_.remove_prefix(std::min(rest_.size(), kAtOnce));
        if (flush_pieces_ && rest_.empty()) encoder_.flush(output_);
    }
    co_return output_;
}

}  // namespace aio::http::detail
