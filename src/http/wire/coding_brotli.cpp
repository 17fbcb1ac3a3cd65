// br. Source: RFC 7932; brotli 1.0.9's decode.h and encode.h.
#include "http/wire/coding_engines.hpp"

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <algorithm>
#include <new>

namespace aio::http::wire {

namespace {

const std::uint8_t* bytes(const char* data) noexcept { return reinterpret_cast<const std::uint8_t*>(data); }

struct DestroyDecoder {
    void operator()(BrotliDecoderState* state) const noexcept { ::BrotliDecoderDestroyInstance(state); }
};
struct DestroyEncoder {
    void operator()(BrotliEncoderState* state) const noexcept { ::BrotliEncoderDestroyInstance(state); }
};

class BrotliDecoder final : public Decoder::Engine {
public:
    BrotliDecoder() : state_(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (!state_) throw std::bad_alloc();
    }

    std::size_t decode(std::string_view& input, char* room, std::size_t size) override {
        std::size_t in_left = input.size(), out_left = size;
        const std::uint8_t* in = bytes(input.data());
        auto* out = reinterpret_cast<std::uint8_t*>(room);
        const BrotliDecoderResult result =
            ::BrotliDecoderDecompressStream(state_.get(), &in_left, &in, &out_left, &out, nullptr);
        input.remove_prefix(input.size() - in_left);
        if (result == BROTLI_DECODER_RESULT_ERROR) {
            throw_broken(Coding::brotli, ::BrotliDecoderErrorString(::BrotliDecoderGetErrorCode(state_.get())));
        }
        return size - out_left;
    }

    bool complete() const noexcept override { return ::BrotliDecoderIsFinished(state_.get()); }
    bool ended() const noexcept override { return complete(); }

private:
    std::unique_ptr<BrotliDecoderState, DestroyDecoder> state_;
};

class BrotliEncoder final : public Encoder::Engine {
public:
    explicit BrotliEncoder(int level) : state_(::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (!state_) throw std::bad_alloc();
        // The library's own default, 11, is for files that are packed once: about 1 MB a second.
        constexpr int kForWaiting = 4;
        // 512 KiB of window instead of 4 MiB: memory that every response in flight needs.
        constexpr std::uint32_t kWindowBits = 19;
        const int chosen = level < 0 ? kForWaiting : std::min(level, BROTLI_MAX_QUALITY);
        ::BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(chosen));
        ::BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LGWIN, kWindowBits);
    }

    void encode(std::string_view input, Until until, std::string& output) override {
        const BrotliEncoderOperation operation = until == Until::ready     ? BROTLI_OPERATION_PROCESS
                                                 : until == Until::flushed ? BROTLI_OPERATION_FLUSH
                                                                           : BROTLI_OPERATION_FINISH;
        std::size_t in_left = input.size();
        const std::uint8_t* in = bytes(input.data());
        do {
            append_to(output, [&](char* room, std::size_t size) {
                std::size_t out_left = size;
                auto* out = reinterpret_cast<std::uint8_t*>(room);
                if (!::BrotliEncoderCompressStream(state_.get(), operation, &in_left, &in, &out_left, &out,
                                                   nullptr)) {
                    throw std::bad_alloc();  // the only way for it to fail
                }
                return size - out_left;
            });
        } while (in_left > 0 || ::BrotliEncoderHasMoreOutput(state_.get()));
    }

private:
    std::unique_ptr<BrotliEncoderState, DestroyEncoder> state_;
};

}  // namespace

std::unique_ptr<Decoder::Engine> make_brotli_decoder() { return std::make_unique<BrotliDecoder>(); }
std::unique_ptr<Encoder::Engine> make_brotli_encoder(int level) { return std::make_unique<BrotliEncoder>(level); }

}  // namespace aio::http::wire
