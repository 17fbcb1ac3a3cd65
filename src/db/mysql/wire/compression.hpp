// The compressed protocol: packets inside of compressed ones, once both sides have agreed upon it.
//
// A compressed packet has three bytes of its length, one byte of sequence number, three bytes of the length of what is in it, or 0 if
// that is not compressed. Each command begins one: the servers count from there.
//
// Source: MySQL 8.0 source documentation, "Compression"; sql-common/net_serv.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::mysql::wire {

class Compression {
public:
    // Appends whole packets, as they are sent without compression. Errors: std::bad_alloc.
    void compress(std::string_view packets, std::string& output);

    // What the next compressed packet that ends in `input` contains; `input` loses what was used. Empty: more is needed. A view, valid
    // until the next call. Errors: ProtocolError.
    std::string_view decompress(std::string_view& input);

private:
    void append_part(std::string_view part, std::string& output);

    std::string held_;       // a compressed packet that was cut
    std::string plain_;      // what was in one
    std::uint8_t next_ = 0;  // the number of the next compressed packet that belongs to a command
};

}  // namespace aio::mysql::wire
