// A slow decoder of WebSocket's frames, to compare the fast one with: it has all bytes at once, and looks at each of them alone.
// Written after the standards, not after the library; where they leave a choice, what the library's headers say holds.
// Source: RFC 6455 section 5 and 7; RFC 7692; RFC 3629 (Unicode 15 table 3-7).
#pragma once

#include "fuzz/slow_inflate.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aio::fuzz {

struct WSFault {
    int code;
};

// Text that comes a byte at a time.
class SlowUtf8 {
public:
    bool complete() const { return left_ == 0; }
    // Of the character that is not complete.
    std::size_t begun() const { return begun_; }
    // False: no UTF-8 begins like that.
    bool add(unsigned char byte) {
        if (left_ > 0) {
            if (byte < low_ || byte > high_) return false;
            low_ = 0x80;
            high_ = 0xbf;
            begun_ = --left_ == 0 ? 0 : begun_ + 1;
            return true;
        }
        if (byte < 0x80) return true;
        if (byte < 0xc2 || byte > 0xf4) return false;
        left_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        begun_ = 1;
        low_ = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
        high_ = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
        return true;
    }

private:
    int left_ = 0;
    std::size_t begun_ = 0;
    unsigned low_ = 0x80, high_ = 0xbf;
};

struct SlowRules {
    bool masked = false;
    std::size_t message = 0, fragment = 0;  // limits; 0: none
    bool by_fragment = false;
    bool deflate = false, no_context = false;
    int window_bits = 15;
};

struct SlowEvent {
    unsigned opcode = 0;
    std::string data;
    unsigned close_code = 1005;
    bool first = true, last = true;
};

class SlowReader {
public:
    explicit SlowReader(const SlowRules& rules) : rules_(rules), inflate_(std::size_t{1} << rules.window_bits) {}

    // Reads all there is; fault(): why it stopped, or 0.
    void read(std::string_view bytes) {
        try {
            while (read_frame(bytes)) {}
        } catch (const WSFault& fault) {
            fault_ = fault.code;
        } catch (const SlowInflate::Broken&) {
            fault_ = 1002;
        }
    }
    const std::vector<SlowEvent>& events() const { return events_; }
    int fault() const { return fault_; }
    // From there on zlib may refuse what is accepted here.
    bool beyond_window() const { return inflate_.beyond_window(); }

private:
    [[noreturn]] static void refuse(int code = 1002) { throw WSFault{code}; }

    // False: it is not here as a whole.
    bool read_frame(std::string_view& bytes) {
        if (bytes.size() < 2) return false;
        const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
        const bool fin = byte(0) & 0x80, rsv1 = byte(0) & 0x40, masked = byte(1) & 0x80;
        const unsigned opcode = byte(0) & 15, short_size = byte(1) & 0x7f;
        const std::size_t size_bytes = short_size == 127 ? 8 : short_size == 126 ? 2 : 0;
        const std::size_t header = 2 + size_bytes + (masked ? 4 : 0);
        if (bytes.size() < header) return false;
        std::uint64_t size = size_bytes == 0 ? short_size : 0;
        for (std::size_t i = 0; i < size_bytes; ++i) size = size * 256 + byte(2 + i);
        if (opcode > 10 || (opcode > 2 && opcode < 8)) refuse();
        if (masked != rules_.masked) refuse();
        if ((size_bytes == 2 && size < 126) || (size_bytes == 8 && (size < 65536 || size > INT64_MAX))) refuse();
        if (byte(0) & 0x30) refuse();
        const bool control = opcode >= 8;
        if (rsv1 && (!rules_.deflate || control || opcode == 0)) refuse();
        if (control && (!fin || size > 125)) refuse();
        if (!control && (opcode == 0) != in_message_) refuse();

        std::string payload;
        for (std::size_t i = 0; i < size && header + i < bytes.size(); ++i) {
            const char mask = masked ? bytes[2 + size_bytes + i % 4] : '\0';
            payload += static_cast<char>(bytes[header + i] ^ mask);
        }
        const bool complete = payload.size() == size;
        if (control) {
            if (!complete) return false;
            end_control(opcode, payload);
        } else {
            if (!in_message_) begin_message(opcode, rsv1);
            data_frame(payload, size, complete && fin, complete);
        }
        if (complete) bytes.remove_prefix(header + payload.size());
        return complete;
    }

    void end_control(unsigned opcode, const std::string& payload) {
        SlowEvent event;
        event.opcode = opcode;
        event.data = payload;
        if (opcode == 8 && payload.size() == 1) refuse();
        if (opcode == 8 && payload.size() > 1) {
            const unsigned code =
                static_cast<unsigned char>(payload[0]) * 256u + static_cast<unsigned char>(payload[1]);
            const bool registered = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
            if (!registered && !(code >= 3000 && code <= 4999)) refuse();
            event.close_code = code;
            event.data = payload.substr(2);
            SlowUtf8 text;
            for (const char c : event.data) {
                if (!text.add(static_cast<unsigned char>(c))) refuse(1007);
            }
            if (!text.complete()) refuse(1007);
        }
        events_.push_back(event);
    }

    void begin_message(unsigned opcode, bool compressed) {
        in_message_ = true;
        opcode_ = opcode;
        compressed_ = compressed;
        message_.clear();
        of_message_ = 0;
        text_ = SlowUtf8();
        first_ = true;
    }

    void data_frame(const std::string& payload, std::uint64_t size, bool ends_message, bool complete) {
        of_frame_ = 0;
        const auto too_large = [&](std::uint64_t more) {
            return (rules_.message > 0 && more > rules_.message - of_message_) ||
                   (rules_.fragment > 0 && more > rules_.fragment);
        };
        // Compression may lengthen a message a little (ws_frame.cpp).
        if (compressed_ && rules_.message > 0 && size > 64 && size / 1025 * 1024 > rules_.message) refuse(1009);
        if (!compressed_ && too_large(size)) refuse(1009);
        const auto take = [&](char byte) { add(byte); };
        if (compressed_) {
            inflate_.add(payload, take);
            if (ends_message) {
                inflate_.add(std::string_view("\0\0\xff\xff", 4), take);
                if (rules_.no_context) inflate_.reset();
            }
        } else {
            for (const char byte : payload) add(byte);
        }
        if (!complete) return;
        if (ends_message && opcode_ == 1 && !text_.complete()) refuse(1007);
        if (!ends_message && !rules_.by_fragment) return;
        SlowEvent event;
        event.opcode = opcode_;
        event.first = first_;
        event.last = ends_message;
        const std::size_t cut = opcode_ == 1 && !ends_message ? text_.begun() : 0;
        event.data = message_.substr(0, message_.size() - cut);
        message_.erase(0, message_.size() - cut);
        first_ = false;
        in_message_ = !ends_message;
        events_.push_back(event);
    }

    void add(char byte) {
        message_ += byte;
        ++of_message_;
        ++of_frame_;
        if (opcode_ == 1 && !text_.add(static_cast<unsigned char>(byte))) refuse(1007);
        if (rules_.message > 0 && of_message_ > rules_.message) refuse(1009);
        if (rules_.fragment > 0 && of_frame_ > rules_.fragment) refuse(1009);
    }

    const SlowRules rules_;
    SlowInflate inflate_;
    std::vector<SlowEvent> events_;
    int fault_ = 0;
    bool in_message_ = false, compressed_ = false, first_ = true;
    unsigned opcode_ = 0;
    std::string message_;
    std::size_t of_message_ = 0, of_frame_ = 0;  // bytes
    SlowUtf8 text_;
};

}  // namespace aio::fuzz
