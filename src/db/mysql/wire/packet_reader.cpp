// Frames: their headers, and packets of several. What is in the packets: server_packets.cpp, result_reader.cpp.
#include "db/mysql/wire/packet_reader.hpp"

#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/integers.hpp"

#include <algorithm>

namespace aio::mysql::wire {

namespace {

constexpr std::size_t kKept = 1 << 20;  // the most capacity that is kept from one packet to the next

// `bytes`: from the packet's beginning, as far as they have come.
[[noreturn]] void refuse_packet(std::string why, std::string_view bytes) {
    if (bytes.starts_with("HTTP")) why += ": this is a web server, check the port";
    if (bytes.starts_with("SSH-")) why += ": this is an SSH server, check the port";
    throw ProtocolError("MySQL: " + why);
}

}  // namespace

void PacketReader::check(std::size_t length, std::string_view bytes) const {
    if (length <= max_size_ - std::min(payload_.size(), max_size_)) return;
    refuse_packet("the server sent a packet of " + std::to_string(payload_.size() + length) +
                      " bytes, above the limit of " + std::to_string(max_size_),
                  bytes);
}

std::optional<Packet> PacketReader::read(std::string_view& input) {
    if (complete_) release();
    if (frames_ == 0 && header_size_ == 0 && input.size() >= kFrameHeader) {
        const auto length = static_cast<std::size_t>(load(input.data(), 3));
        const bool is_whole = input.size() - kFrameHeader >= length && length < kLargestFrame;
        if (is_whole) {
            check(length, input);
            const auto sequence = static_cast<std::uint8_t>(input[3]);
            const Packet packet{sequence, static_cast<std::uint8_t>(sequence + 1),
                                input.substr(kFrameHeader, length)};
            input.remove_prefix(kFrameHeader + length);
            return packet;
        }
    }
    while (!input.empty()) {
        if (!take_frame(input)) continue;
        complete_ = true;
        return Packet{first_, static_cast<std::uint8_t>(first_ + frames_), payload_};
    }
    return std::nullopt;
}

// Whether the packet has ended.
bool PacketReader::take_frame(std::string_view& input) {
    if (header_size_ < kFrameHeader) {
        const std::size_t count = std::min(kFrameHeader - header_size_, input.size());
        std::copy_n(input.data(), count, header_ + header_size_);
        header_size_ += count;
        input.remove_prefix(count);
        if (header_size_ < kFrameHeader) return false;
        frame_left_ = static_cast<std::size_t>(load(header_, 3));
        check(frame_left_, {header_, kFrameHeader});
        const auto sequence = static_cast<std::uint8_t>(header_[3]);
        if (frames_ == 0) first_ = sequence;
        if (sequence != static_cast<std::uint8_t>(first_ + frames_)) {
            refuse_packet("a packet is continued with the sequence number " + std::to_string(sequence), {});
        }
        ++frames_;
    }
    const std::size_t count = std::min(frame_left_, input.size());
    payload_.append(input.substr(0, count));
    input.remove_prefix(count);
    frame_left_ -= count;
    if (frame_left_ > 0) return false;
    header_size_ = 0;
    return load(header_, 3) < kLargestFrame;
}

void PacketReader::release() {
    complete_ = false;
    header_size_ = frames_ = 0;
    payload_.clear();
    if (payload_.capacity() > kKept) payload_.shrink_to_fit();
}

std::uint8_t PacketWriter::finish() {
    std::size_t frame = begin_;
    while (output_.size() - frame - kFrameHeader >= kLargestFrame) {
        store(&output_[frame], kLargestFrame, 3);
        output_[frame + 3] = static_cast<char>(next_++);
        frame += kFrameHeader + kLargestFrame;
        output_.insert(frame, kFrameHeader, '\0');
    }
    store(&output_[frame], output_.size() - frame - kFrameHeader, 3);
    output_[frame + 3] = static_cast<char>(next_++);
    return next_;
}

}  // namespace aio::mysql::wire
