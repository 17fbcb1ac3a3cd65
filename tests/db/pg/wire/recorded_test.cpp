// A recorded session, cut and truncated everywhere.
#include "db/pg/wire/recorded.hpp"

#include "db/pg/wire/transcript.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace aio::test {
namespace {

TEST(PgRecorded, says_what_the_server_did) {
    EXPECT_EQ(PgTranscript().read(recorded_session(), std::string::npos), recorded_transcript());
}

TEST(PgRecorded, is_the_same_in_pieces_of_any_size) {
    const std::string bytes = recorded_session(), expected = recorded_transcript();
    for (std::size_t size = 1; size < 100; ++size) ASSERT_EQ(PgTranscript().read(bytes, size), expected) << size;
}

TEST(PgRecorded, is_the_same_split_at_every_byte) {
    const std::string bytes = recorded_session(), expected = recorded_transcript();
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        PgTranscript transcript;
        std::string text = transcript.read(std::string_view(bytes).substr(0, cut), std::string::npos);
        if (text.ends_with("in a message\n")) text.resize(text.size() - 13);
        ASSERT_EQ(text + transcript.read(std::string_view(bytes).substr(cut), std::string::npos), expected) << cut;
    }
}

TEST(PgRecorded, truncated_at_every_byte_it_is_a_beginning) {
    const std::string bytes = recorded_session(), expected = recorded_transcript();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        std::string text = PgTranscript().read(std::string_view(bytes).substr(0, size), std::string::npos);
        if (text.ends_with("in a message\n")) text.resize(text.size() - 13);
        ASSERT_TRUE(expected.starts_with(text)) << size << ": " << text;
    }
}

TEST(PgRecorded, with_any_byte_changed_it_says_something_or_is_refused) {
    const std::string bytes = recorded_session();
    std::mt19937 random(1);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(random());
        const std::string whole = PgTranscript().read(changed, std::string::npos);
        ASSERT_EQ(PgTranscript().read(changed, 1), whole) << "byte " << at << ", seed 1";
    }
}

}  // namespace
}  // namespace aio::test
