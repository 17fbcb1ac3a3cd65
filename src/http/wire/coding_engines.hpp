// What stands between Decoder and Encoder and the libraries: one class each for zlib, brotli and zstd.
#pragma once

#include "http/wire/coding.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace aio::http::wire {

[[noreturn]] void throw_broken(Coding coding, std::string_view problem);

class Decoder::Engine {
public:
    virtual ~Engine() = default;
    // Takes what it can off `input` and fills `room`; gives how much. All of `input` is taken unless `room` is full, or
    // it has ended.
    // Errors: CodingError.
    virtual std::size_t decode(std::string_view& input, char* room, std::size_t size) = 0;
    // Whether the input may end here.
    virtual bool complete() const noexcept = 0;
    // Whether nothing that comes from here on belongs to it: decode() is not called any more.
    virtual bool ended() const noexcept = 0;
};

class Encoder::Engine {
public:
    enum class Until : unsigned char { ready, flushed, finished };

    virtual ~Engine() = default;
    virtual void encode(std::string_view input, Until until, std::string& output) = 0;
};

std::unique_ptr<Decoder::Engine> make_zlib_decoder(Coding coding);
std::unique_ptr<Decoder::Engine> make_brotli_decoder();
std::unique_ptr<Decoder::Engine> make_zstd_decoder();
std::unique_ptr<Encoder::Engine> make_zlib_encoder(Coding coding, int level);
std::unique_ptr<Encoder::Engine> make_brotli_encoder(int level);
std::unique_ptr<Encoder::Engine> make_zstd_encoder(int level);

// Lets `step(room, size)`, which gives how much it wrote there, append to `output`.
template <class Step>
void append_to(std::string& output, Step&& step, std::size_t size = 16 * 1024) {
    const std::size_t old_size = output.size();
    output.resize(old_size + size);
    output.resize(old_size + step(output.data() + old_size, size));
}

}  // namespace aio::http::wire
