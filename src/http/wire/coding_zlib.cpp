// gzip and deflate. Source: zlib 1.2.13's zlib.h; RFC 1950, 1951, 1952.
//
// "deflate" is the zlib format (RFC 9110 section 8.4.1.2), but early servers sent raw deflate data under that name, and
// all clients had to take both. The first two bytes tell: a zlib header is a multiple of 31 with the method 8. Raw data
// that look like it would begin with a stored block whose padding is not zero, which nobody writes.
#include "http/wire/coding_engines.hpp"
#include "http/wire/zlib_calls.hpp"

#include <algorithm>
#include <new>

namespace aio::http::wire {

namespace {

constexpr int kWindowBits = 15;
constexpr int kGzip = 16;

class ZlibDecoder final : public Decoder::Engine {
public:
    explicit ZlibDecoder(Coding coding) : coding_(coding) {
        if (coding == Coding::gzip) begin(kWindowBits + kGzip);
    }
    ~ZlibDecoder() override {
        if (begun_) ::inflateEnd(&stream_);
    }
    ZlibDecoder(const ZlibDecoder&) = delete;

    std::size_t decode(std::string_view& input, char* room, std::size_t size) override {
        if (!begun_ && !tell_format(input)) return 0;
        std::size_t produced = 0;
        if (header_left_ > 0) {
            std::string_view header(header_ + header_size_ - header_left_, header_left_);
            produced = inflate_some(header, room, size);
            header_left_ = header.size();
        }
        while (produced < size && header_left_ == 0 && !ended_) {
            const std::size_t before = input.size();
            const std::size_t count = inflate_some(input, room + produced, size - produced);
            produced += count;
            if (count == 0 && before == input.size()) break;
        }
        return produced;
    }

    bool complete() const noexcept override { return begun_ && (member_ended_ || between_members()); }
    bool ended() const noexcept override { return ended_; }

private:
    void begin(int window_bits) {
        check_memory(::inflateInit2(&stream_, window_bits));
        begun_ = true;
    }

    // Whether it is known now. Keeps the first byte if it came alone.
    bool tell_format(std::string_view& input) {
        while (header_size_ < 2 && !input.empty()) {
            header_[header_size_++] = input.front();
            input.remove_prefix(1);
        }
        if (header_size_ < 2) return false;
        const auto first = static_cast<unsigned char>(header_[0]), second = static_cast<unsigned char>(header_[1]);
        const bool zlib = (first & 15) == 8 && first >> 4 <= 7 && (first * 256 + second) % 31 == 0;
        begin(zlib ? kWindowBits : -kWindowBits);
        header_left_ = header_size_;
        return true;
    }

    std::size_t inflate_some(std::string_view& input, char* room, std::size_t size) {
        if (member_ended_) {  // members may follow each other (RFC 1952 section 2.2)
            if (input.empty()) return 0;
            ::inflateReset(&stream_);
            member_ended_ = false;
            follows_ = true;
        }
        const uInt offered = offer_input(stream_, input);
        offer_room(stream_, room, size);
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        input.remove_prefix(offered - stream_.avail_in);
        if (result == Z_STREAM_END) {
            member_ended_ = true;
            ended_ = coding_ != Coding::gzip;
        } else if (result == Z_DATA_ERROR && between_members()) {
            ended_ = true;  // what follows is no member
        } else if (result == Z_NEED_DICT) {
            throw_broken(coding_, "it needs a dictionary");
        } else if (result == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            throw_broken(coding_, stream_.msg ? stream_.msg : "bad data");
        }
        return size - stream_.avail_out;
    }

    // What came behind the last member is not enough to be the next one: both bytes of its magic number, and one more
    // that says how it is packed.
    bool between_members() const noexcept {
        constexpr uLong kMagic = 2;
        return follows_ && stream_.total_in <= kMagic;
    }

    z_stream stream_{};
    Coding coding_;
    bool begun_ = false;
    bool member_ended_ = false;  // the last one is complete
    bool follows_ = false;       // this one is not the first
    bool ended_ = false;
    char header_[2];  // of deflate
    std::size_t header_size_ = 0;
    std::size_t header_left_ = 0;  // at its end, not given to zlib yet
};

class ZlibEncoder final : public Encoder::Engine {
public:
    ZlibEncoder(Coding coding, int level) {
        const int window_bits = coding == Coding::gzip ? kWindowBits + kGzip : kWindowBits;
        const int chosen = level < 0 ? Z_DEFAULT_COMPRESSION : std::min(level, Z_BEST_COMPRESSION);
        constexpr int kMemoryLevel = 8;  // zlib's default
        check_memory(::deflateInit2(&stream_, chosen, Z_DEFLATED, window_bits, kMemoryLevel, Z_DEFAULT_STRATEGY));
    }
    ~ZlibEncoder() override { ::deflateEnd(&stream_); }
    ZlibEncoder(const ZlibEncoder&) = delete;

    void encode(std::string_view input, Until until, std::string& output) override {
        const int flush = until == Until::ready ? Z_NO_FLUSH : until == Until::flushed ? Z_SYNC_FLUSH : Z_FINISH;
        do {
            const uInt offered = offer_input(stream_, input);
            append_to(output, [&](char* room, std::size_t size) {
                offer_room(stream_, room, size);
                ::deflate(&stream_, flush);  // errs only when there is nothing to do
                return size - stream_.avail_out;
            });
            input.remove_prefix(offered - stream_.avail_in);
        } while (!input.empty() || stream_.avail_out == 0);
    }

private:
    z_stream stream_{};
};

}  // namespace

std::unique_ptr<Decoder::Engine> make_zlib_decoder(Coding coding) { return std::make_unique<ZlibDecoder>(coding); }
std::unique_ptr<Encoder::Engine> make_zlib_encoder(Coding coding, int level) {
    return std::make_unique<ZlibEncoder>(coding, level);
}

}  // namespace aio::http::wire
