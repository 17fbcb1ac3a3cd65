// zstd. Source: RFC 8878; RFC 9659 (as a content coding it may need a window of 8 MiB, no more); zstd 1.5's zstd.h.
#include "http/wire/coding_engines.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <new>

namespace aio::http::wire {

namespace {

constexpr int kWindowLog = 23;  // 8 MiB

struct Free {
    void operator()(ZSTD_DCtx* context) const noexcept { ::ZSTD_freeDCtx(context); }
    void operator()(ZSTD_CCtx* context) const noexcept { ::ZSTD_freeCCtx(context); }
};

class ZstdDecoder final : public Decoder::Engine {
public:
    ZstdDecoder() : context_(::ZSTD_createDCtx()) {
        if (!context_) throw std::bad_alloc();
        ::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLog);
    }

    std::size_t decode(std::string_view& input, char* room, std::size_t size) override {
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        ZSTD_outBuffer out{room, size, 0};
        // Each call ends with a frame at the latest; another may follow.
        while (out.pos < out.size && (in.pos < in.size || !complete_)) {
            const std::size_t in_before = in.pos, out_before = out.pos;
            const std::size_t result = ::ZSTD_decompressStream(context_.get(), &out, &in);
            if (::ZSTD_isError(result)) {
                ended_ = follows_ && ::ZSTD_getErrorCode(result) == ZSTD_error_prefix_unknown;
                if (!ended_) throw_broken(Coding::zstd, ::ZSTD_getErrorName(result));
                break;  // what follows is no frame
            }
            since_frame_ += in.pos - in_before;
            complete_ = result == 0;
            if (complete_) {
                follows_ = true;
                since_frame_ = 0;
            }
            if (in.pos == in_before && out.pos == out_before) break;
        }
        input.remove_prefix(in.pos);
        return out.pos;
    }

    bool complete() const noexcept override {
        constexpr std::size_t kSmallestHeader = 5;  // of less zstd does not know whether it begins a frame
        return complete_ || (follows_ && since_frame_ < kSmallestHeader);
    }
    bool ended() const noexcept override { return ended_; }

private:
    std::unique_ptr<ZSTD_DCtx, Free> context_;
    bool complete_ = true;         // between frames
    bool follows_ = false;         // a frame was complete
    std::size_t since_frame_ = 0;  // bytes taken since then
    bool ended_ = false;
};

class ZstdEncoder final : public Encoder::Engine {
public:
    explicit ZstdEncoder(int level) : context_(::ZSTD_createCCtx()) {
        if (!context_) throw std::bad_alloc();
        constexpr int kLargeWindows = 20;  // from this level on, windows are larger than all may have
        const int chosen = level < 0 ? ZSTD_CLEVEL_DEFAULT : std::min(level, ::ZSTD_maxCLevel());
        ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, chosen);
        if (chosen >= kLargeWindows) ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kWindowLog);
    }

    void encode(std::string_view input, Until until, std::string& output) override {
        const ZSTD_EndDirective directive = until == Until::ready     ? ZSTD_e_continue
                                            : until == Until::flushed ? ZSTD_e_flush
                                                                      : ZSTD_e_end;
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        std::size_t left = 0;
        do {
            append_to(output, [&](char* room, std::size_t size) {
                ZSTD_outBuffer out{room, size, 0};
                left = ::ZSTD_compressStream2(context_.get(), &out, &in, directive);
                if (::ZSTD_isError(left)) throw std::bad_alloc();  // parameters are ours
                return out.pos;
            });
        } while (in.pos < in.size || (until != Until::ready && left > 0));
    }

private:
    std::unique_ptr<ZSTD_CCtx, Free> context_;
};

}  // namespace

std::unique_ptr<Decoder::Engine> make_zstd_decoder() { return std::make_unique<ZstdDecoder>(); }
std::unique_ptr<Encoder::Engine> make_zstd_encoder(int level) { return std::make_unique<ZstdEncoder>(level); }

}  // namespace aio::http::wire
