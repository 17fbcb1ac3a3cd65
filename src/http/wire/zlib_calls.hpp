// zlib's streams, given string views.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <string_view>

namespace aio::http::wire {

inline uInt clamped(std::size_t size) noexcept {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

// Of what begins a stream, whose parameters are ours: nothing but memory can be wrong.
inline void check_memory(int result) {
    if (result != Z_OK) throw std::bad_alloc();
}

// As much of `input` as zlib can count. Gives how much.
inline uInt offer_input(z_stream& stream, std::string_view input) noexcept {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream.avail_in = clamped(input.size());
    return stream.avail_in;
}

inline void offer_room(z_stream& stream, char* room, std::size_t size) noexcept {
    stream.next_out = reinterpret_cast<Bytef*>(room);
    stream.avail_out = clamped(size);
}

}  // namespace aio::http::wire
