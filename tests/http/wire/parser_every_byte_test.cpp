// Every byte at every place of a header's name and value. Where the processor can, llhttp looks at sixteen bytes at once,
// and at single ones where fewer have come: so that what comes as a whole and what comes byte by byte go two ways.
#include "http/wire/syntax.hpp"

#include "transcript.hpp"

#include <string>

#include <gtest/gtest.h>

namespace aio::http::wire {
namespace {

constexpr std::size_t kLength = 36;  // twice sixteen, and some

// What is made of a header with that byte there, which must not depend on how it comes.
std::string meaning(std::string header, std::size_t place, unsigned byte) {
    header[place] = static_cast<char>(byte);
    const std::string request =
        "GET / HTTP/1.1\r\nHost: a\r\n" + header + "\r\nAccept: text/html, text/plain\r\n\r\n";
    TranscriptOptions options;
    options.fields = true;
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < request.size(); ++i) bytes.emplace_back(&request[i], 1);
    const std::string whole = transcript(options, {request});
    EXPECT_EQ(whole, transcript(options, bytes)) << "byte " << byte << " at " << place;
    return whole;
}

bool refused(const std::string& whole) { return whole.starts_with("fault bad_message"); }

TEST(ParserEveryByte, of_a_name_is_a_token_character_wherever_it_stands) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        if (c == ':' || c == '\r') continue;  // what these two end, others test
        for (std::size_t place = 1; place < kLength; ++place) {
            const std::string whole = meaning(std::string(kLength, 'x') + ": value", place, byte);
            ASSERT_EQ(refused(whole), !is_token_char(c)) << "byte " << byte << " at " << place << ": " << whole;
        }
    }
}

TEST(ParserEveryByte, of_a_value_is_no_control_character_wherever_it_stands) {
    const std::string name = "X-Name: ";
    for (unsigned byte = 0; byte < 256; ++byte) {
        const bool allowed = byte == '\t' || (byte >= ' ' && byte != 0x7f);
        for (std::size_t place = 1; place < kLength; ++place) {
            const std::string whole = meaning(name + std::string(kLength, 'x'), name.size() + place, byte);
            ASSERT_EQ(refused(whole), !allowed) << "byte " << byte << " at " << place << ": " << whole;
        }
    }
}

}  // namespace
}  // namespace aio::http::wire
