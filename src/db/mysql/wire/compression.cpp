// Compressed packets by zlib. What is in them: packet_reader.cpp.
#include "db/mysql/wire/compression.hpp"

#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/integers.hpp"
#include "db/mysql/wire/packet_reader.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace aio::mysql::wire {

namespace {

constexpr std::size_t kCompressedHeader = 7;
constexpr std::size_t kWorthwhile = 50;  // bytes, as the servers have it

}  // namespace

void Compression::compress(std::string_view packets, std::string& output) {
    while (!packets.empty()) {
        // One command: frames up to the next one that begins with 0.
        std::size_t size = 0;
        const bool begins = packets[3] == '\0';
        do {
            size += kFrameHeader + static_cast<std::size_t>(load(packets.data() + size, 3));
        } while (size < packets.size() && packets[size + 3] != '\0');
        if (begins) next_ = 0;
        for (std::string_view rest = packets.substr(0, size); !rest.empty();) {
            const std::string_view part = rest.substr(0, kLargestFrame);
            append_part(part, output);
            rest.remove_prefix(part.size());
        }
        packets.remove_prefix(size);
    }
}

void Compression::append_part(std::string_view part, std::string& output) {
    const std::size_t begin = output.size();
    output.append(kCompressedHeader, '\0');
    std::size_t plain_size = 0;
    if (part.size() >= kWorthwhile) {
        uLongf size = compressBound(static_cast<uLong>(part.size()));
        output.resize(begin + kCompressedHeader + size);
        const int done = ::compress(reinterpret_cast<Bytef*>(output.data() + begin + kCompressedHeader), &size,
                                    reinterpret_cast<const Bytef*>(part.data()), static_cast<uLong>(part.size()));
        if (done != Z_OK) throw std::bad_alloc();  // the room is enough
        if (size < part.size()) plain_size = part.size();
        output.resize(begin + kCompressedHeader + (plain_size > 0 ? size : 0));
    }
    if (plain_size == 0) output += part;
    store(&output[begin], output.size() - begin - kCompressedHeader, 3);
    output[begin + 3] = static_cast<char>(next_++);
    store(&output[begin + 4], plain_size, 3);
}

std::string_view Compression::decompress(std::string_view& input) {
    const auto take = [&](std::size_t wanted) {  // up to `wanted` held bytes
        const std::size_t count = std::min(wanted - std::min(wanted, held_.size()), input.size());
        held_.append(input.substr(0, count));
        input.remove_prefix(count);
        return held_.size() >= wanted;
    };
    while (take(kCompressedHeader)) {
        const auto size = static_cast<std::size_t>(load(held_.data(), 3));
        if (!take(kCompressedHeader + size)) break;
        next_ = static_cast<std::uint8_t>(static_cast<unsigned char>(held_[3]) + 1);
        const auto plain_size = static_cast<std::size_t>(load(held_.data() + 4, 3));
        const std::string_view content = std::string_view(held_).substr(kCompressedHeader);
        if (plain_size == 0) {
            plain_ = content;
        } else {
            plain_.resize(plain_size);
            uLongf got = static_cast<uLongf>(plain_size);
            const int done = ::uncompress(reinterpret_cast<Bytef*>(plain_.data()), &got,
                                          reinterpret_cast<const Bytef*>(content.data()), static_cast<uLong>(size));
            if (done == Z_MEM_ERROR) throw std::bad_alloc();
            if (done != Z_OK || got != plain_size)
                throw ProtocolError("MySQL: the server sent a compressed packet that is damaged");
        }
        held_.clear();
        if (!plain_.empty()) return plain_;
    }
    return {};
}

}  // namespace aio::mysql::wire
