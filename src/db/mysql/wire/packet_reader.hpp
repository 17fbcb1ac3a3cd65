// Packets from a server's bytes, however they are cut; and the frames of packets to be sent.
//
// A frame has three bytes of length, one byte of sequence number and up to 16 MiB - 1 bytes of payload. A packet that is longer
// is cut into frames of exactly that size, and ends with a shorter one, which may be empty.
//
// Source: MySQL 8.0 source documentation, "MySQL Packets", "Sending More Than 16Mb".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::mysql::wire {

inline constexpr std::size_t kFrameHeader = 4;
inline constexpr std::size_t kLargestFrame = 0xff'ffff;

struct Packet {
    std::uint8_t sequence = 0;  // of its first frame
    std::uint8_t next = 1;      // what the packet behind it must have
    std::string_view payload;
};

class PacketReader {
public:
    static constexpr std::size_t kUnlimited = 0x4000'0000;  // 1 GiB: the most that max_allowed_packet can be
    static constexpr std::size_t kMaxLogin = 1 << 20;       // while the connection is being authenticated

    // max_size: of a payload, in bytes. Nothing is allocated for bytes that have not come.
    explicit PacketReader(std::size_t max_size = kUnlimited) noexcept : max_size_(max_size) {}

    // The next packet that ends in `input`, which loses what was used. Nothing: all of `input` was used, and more is needed.
    // The payload is a view of `input`'s bytes, or of the reader's, which the next call reuses. Errors: ProtocolError; nothing
    // may be read after it.
    std::optional<Packet> read(std::string_view& input);

    // Whether a part of a packet has come, whose rest is missing.
    bool in_packet() const noexcept { return !complete_ && (header_size_ > 0 || frames_ > 0); }

private:
    bool take_frame(std::string_view& input);
    void check(std::size_t length, std::string_view bytes) const;
    void release();

    std::size_t max_size_;
    char header_[kFrameHeader] = {};
    std::size_t header_size_ = 0;  // bytes of it that have come
    std::size_t frame_left_ = 0;   // bytes of the frame that have not
    std::uint8_t first_ = 0;       // the sequence number of the first frame
    std::size_t frames_ = 0;       // of this packet, whose headers have come
    std::string payload_;          // of a packet that was cut
    bool complete_ = false;        // it was returned
};

// A packet that is written in place: its header is filled in by finish(), which cuts it into frames where it is too long.
class PacketWriter {
public:
    PacketWriter(std::string& output, std::uint8_t sequence)
        : output_(output), begin_(output.size()), next_(sequence) {
        output.append(kFrameHeader, '\0');
    }
    PacketWriter(const PacketWriter&) = delete;

    // Where the payload is appended to.
    std::string& payload() noexcept { return output_; }
    // Result: the sequence number that follows.
    std::uint8_t finish();

private:
    std::string& output_;
    std::size_t begin_;
    std::uint8_t next_;
};

}  // namespace aio::mysql::wire
