// Decoder: pieces, the end, and the guard against bombs, whatever the coding; Encoder's dispatch.
#include "http/wire/coding_engines.hpp"

#include <aio/base/assert.hpp>

#include <utility>

namespace aio::http::wire {

namespace {

std::unique_ptr<Decoder::Engine> make_decoder(Coding coding) {
    switch (coding) {
        case Coding::gzip:
        case Coding::deflate: return make_zlib_decoder(coding);
        case Coding::brotli: return make_brotli_decoder();
        case Coding::zstd: return make_zstd_decoder();
        case Coding::identity: break;
    }
    return nullptr;
}

std::unique_ptr<Encoder::Engine> make_encoder(Coding coding, int level) {
    switch (coding) {
        case Coding::gzip:
        case Coding::deflate: return make_zlib_encoder(coding, level);
        case Coding::brotli: return make_brotli_encoder(level);
        case Coding::zstd: return make_zstd_encoder(level);
        case Coding::identity: break;
    }
    return nullptr;
}

}  // namespace

void throw_broken(Coding coding, std::string_view problem) {
    throw CodingError(CodingError::Kind::broken,
                      "the body is not valid " + std::string(name(coding)) + ": " + std::string(problem));
}

Decoder::Decoder(Coding coding, DecoderLimits limits)
    : engine_(make_decoder(coding)), limits_(limits), coding_(coding) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

std::string_view Decoder::decode(std::string_view& input) {
    if (!engine_) {
        const std::string_view piece = input.substr(0, kPiece);
        input.remove_prefix(piece.size());
        return piece;
    }
    if (failed_) throw CodingError(*failed_);
    try {
        return decode_some(input);
    } catch (const CodingError& error) {
        failed_ = error;
        throw;
    }
}

std::string_view Decoder::decode_some(std::string_view& input) {
    if (!output_) output_.reset(new char[kPiece]);
    while (!input.empty() || output_pending_) {
        if (engine_->ended()) {
            drop_behind(input);
            break;
        }
        const std::size_t before = input.size();
        const std::size_t produced = engine_->decode(input, output_.get(), kPiece);
        bytes_in_ += before - input.size();
        output_pending_ = produced == kPiece;
        if (produced == 0) continue;
        bytes_out_ += produced;
        guard();
        return {output_.get(), produced};
    }
    return {};
}

void Decoder::drop_behind(std::string_view& input) {
    output_pending_ = false;
    bytes_behind_ += input.size();
    input = {};
    if (bytes_behind_ > kMostBehind) throw_broken(coding_, "more than 64 KiB after its end");
}

void Decoder::guard() const {
    const bool too_much = limits_.max_size != 0 && bytes_out_ > limits_.max_size;
    const bool bomb =
        limits_.max_ratio != 0 && bytes_out_ > limits_.free_size && bytes_out_ / limits_.max_ratio > bytes_in_;
    if (!too_much && !bomb) return;
    throw CodingError(CodingError::Kind::too_large, "the body is " + std::to_string(bytes_in_) + " bytes of " +
                                                        std::string(name(coding_)) + " that decompress to " +
                                                        std::to_string(bytes_out_) +
                                                        " bytes or more: beyond the limit for a decompressed body");
}

void Decoder::finish() {
    AIO_ASSERT(!output_pending_);
    if (!engine_ || bytes_in_ == 0 || engine_->complete()) return;
    throw CodingError(CodingError::Kind::truncated,
                      "the " + std::string(name(coding_)) + " body is incomplete: it was cut short");
}

Encoder::Encoder(Coding coding, int level) : engine_(make_encoder(coding, level)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

void Encoder::encode(std::string_view input, std::string& output) {
    if (!engine_) {
        output += input;
    } else if (!input.empty()) {
        engine_->encode(input, Engine::Until::ready, output);
    }
}
void Encoder::flush(std::string& output) {
    if (engine_) engine_->encode({}, Engine::Until::flushed, output);
}
void Encoder::finish(std::string& output) {
    if (engine_) engine_->encode({}, Engine::Until::finished, output);
}

}  // namespace aio::http::wire
