// Inflate, bit by bit and with a history of everything, to compare zlib with: slow, and written after the standard alone.
// Source: RFC 1951; what zlib allows of incomplete codes is zlib's (inftrees.c).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::fuzz {

// Inflate, restarted at the last symbol whenever bits are missing. `sink(byte)` gets the output.
class SlowInflate {
public:
    struct Broken {};

    explicit SlowInflate(std::size_t window) : window_(window) {}

    // A distance was larger than the window that was agreed upon, which zlib may notice or not.
    bool beyond_window() const { return beyond_window_; }
    // What came is forgotten, and so is what it decompressed to.
    void reset() { *this = SlowInflate(window_, beyond_window_); }

    template <class Sink>
    void add(std::string_view bytes, Sink sink) {
        for (const char byte : bytes) {  // a byte at a time, so that no fault is seen before its bits are there
            input_ += byte;
            try {
                while (true) {
                    const std::size_t at = bit_;
                    try {
                        step(sink);
                    } catch (const NeedBits&) {
                        bit_ = at;
                        break;
                    }
                }
            } catch (const Ended&) {
                reset();  // the last block ends within the last byte that came: the rest of it is padding
            }
        }
    }

private:
    struct NeedBits {};
    struct Ended {};
    struct Code {
        std::vector<unsigned> lengths;  // by symbol
        unsigned longest = 0;
    };
    enum class State { header, stored, symbols, ended };

    SlowInflate(std::size_t window, bool beyond) : window_(window), beyond_window_(beyond) {}

    unsigned bits(unsigned count) {
        unsigned value = 0;
        for (unsigned i = 0; i < count; ++i, ++bit_) {
            if (bit_ >= input_.size() * 8) throw NeedBits();
            value |= (static_cast<unsigned char>(input_[bit_ / 8]) >> (bit_ % 8) & 1u) << i;
        }
        return value;
    }
    [[noreturn]] static void bad() { throw Broken(); }

    // What an incomplete code allows: one symbol of one bit, or none.
    static Code make(std::vector<unsigned> lengths, bool may_be_incomplete) {
        Code code;
        int left = 1;
        for (unsigned size = 1; size <= 15; ++size) {
            left *= 2;
            for (const unsigned length : lengths) {
                if (length != size) continue;
                --left;
                code.longest = size;
            }
            if (left < 0) bad();
        }
        if (code.longest > 0 && left > 0 && !(may_be_incomplete && code.longest == 1)) bad();
        code.lengths = std::move(lengths);
        return code;
    }

    // Canonical codes: of each length the symbols in their order, beginning behind those of the shorter ones.
    unsigned symbol(const Code& code) {
        unsigned word = 0, first = 0;
        for (unsigned size = 1; size <= std::max(code.longest, 1u); ++size) {
            word = word << 1 | bits(1);
            first <<= 1;
            for (unsigned value = 0; value < code.lengths.size(); ++value) {
                if (code.lengths[value] != size) continue;
                if (word == first) return value;
                ++first;
            }
        }
        return kNone;
    }

    template <class Sink>
    void step(Sink& sink) {
        switch (state_) {
            case State::header: return block_header();
            case State::stored: {
                if (stored_left_ == 0) return end_block();
                const auto byte = static_cast<char>(bits(8));
                --stored_left_;
                return put(byte, sink);
            }
            case State::symbols: return next_symbol(sink);
            case State::ended: throw Ended();
        }
    }
    void end_block() {
        state_ = last_ ? State::ended : State::header;
        if (last_) throw Ended();
    }

    void block_header() {
        const bool last = bits(1) != 0;
        switch (bits(2)) {
            case 0: {
                bit_ = (bit_ + 7) / 8 * 8;
                const unsigned size = bits(16), check = bits(16);
                if (size != (~check & 0xffff)) bad();
                stored_left_ = size;
                state_ = State::stored;
                break;
            }
            case 1: {
                std::vector<unsigned> lengths(288, 8);
                std::fill(lengths.begin() + 144, lengths.begin() + 256, 9);
                std::fill(lengths.begin() + 256, lengths.begin() + 280, 7);
                literals_ = make(std::move(lengths), false);
                distances_ = make(std::vector<unsigned>(32, 5), false);
                state_ = State::symbols;
                break;
            }
            case 2: dynamic_header(); break;
            default: bad();
        }
        last_ = last;
        if (state_ == State::stored && stored_left_ == 0) end_block();
    }

    void dynamic_header() {
        constexpr std::array<unsigned, 19> kOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                     11, 4,  12, 3, 13, 2, 14, 1, 15};
        const unsigned literals = bits(5) + 257, distances = bits(5) + 1, lengths_of_lengths = bits(4) + 4;
        if (literals > 286 || distances > 30) bad();
        std::vector<unsigned> lengths(19, 0);
        for (unsigned i = 0; i < lengths_of_lengths; ++i) lengths[kOrder[i]] = bits(3);
        const Code code = make(std::move(lengths), false);
        std::vector<unsigned> all;
        while (all.size() < literals + distances) {
            unsigned value = symbol(code);
            if (value == kNone) value = 0;  // a code without symbols: zlib objects later, to what these zeros lack
            if (value < 16) {
                all.push_back(value);
                continue;
            }
            const unsigned extra = value == 16 ? 2 : value == 17 ? 3 : 7, least = value == 18 ? 11 : 3;
            const unsigned repeats = least + bits(extra);
            if ((value == 16 && all.empty()) || all.size() + repeats > literals + distances) bad();
            all.insert(all.end(), repeats, value == 16 ? all.back() : 0);
        }
        if (all[256] == 0) bad();  // no end of the block
        literals_ = make({all.begin(), all.begin() + literals}, true);
        distances_ = make({all.begin() + literals, all.end()}, true);
        state_ = State::symbols;
    }

    template <class Sink>
    void next_symbol(Sink& sink) {
        const unsigned value = symbol(literals_);
        if (value == kNone || value > 285) bad();
        if (value < 256) return put(static_cast<char>(value), sink);
        if (value == 256) return end_block();
        // 257..: lengths from 3; each group of four has one more extra bit.
        unsigned length = 258;
        if (value < 265) {
            length = value - 254;
        } else if (value < 285) {
            const unsigned extra = (value - 261) / 4;
            length = 3 + ((4 + (value - 265) % 4) << extra) + bits(extra);
        }
        const unsigned far = symbol(distances_);
        if (far == kNone || far > 29) bad();
        std::size_t distance = far + 1;
        if (far > 3) {
            const unsigned extra = far / 2 - 1;
            distance = 1 + ((std::size_t{2} + far % 2) << extra) + bits(extra);
        }
        if (distance > history_.size()) bad();
        if (distance > window_) beyond_window_ = true;
        for (unsigned i = 0; i < length; ++i) put(history_[history_.size() - distance], sink);
    }

    template <class Sink>
    void put(char byte, Sink& sink) {
        history_ += byte;
        sink(byte);
    }

    static constexpr unsigned kNone = ~0u;
    std::size_t window_;
    bool beyond_window_ = false;
    std::string input_, history_;
    std::size_t bit_ = 0;
    State state_ = State::header;
    bool last_ = false;
    std::size_t stored_left_ = 0;
    Code literals_, distances_;
};

}  // namespace aio::fuzz
