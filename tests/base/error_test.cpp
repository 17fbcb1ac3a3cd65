// The classes of errors, and which errno becomes which.
#include <aio/base/error.hpp>

#include <cerrno>
#include <concepts>
#include <exception>
#include <string>

#include <gtest/gtest.h>

namespace aio::test {

// semantics 16: general handlers let a cancellation pass.
static_assert(!std::derived_from<CancelledError, std::exception>);
static_assert(std::derived_from<CancelledError, BaseException>);
static_assert(!std::derived_from<KeyboardInterrupt, std::exception>);
// A TimeoutError can be of a second kind, and still is one std::exception.
struct TimeoutOfTwoKinds : TimeoutError, virtual Error {
    using TimeoutError::TimeoutError;
};
static_assert(std::convertible_to<TimeoutOfTwoKinds*, std::exception*>);

namespace {

template <class E>
std::string thrown_for(int code) {
    try {
        throw_os_error(code, "connect to 127.0.0.1:80");
    } catch (const E& error) {
        return error.what();
    } catch (const std::exception& error) {
        ADD_FAILURE() << "another class: " << error.what();
    }
    return "";
}

}  // namespace

TEST(OSError, class_follows_from_the_errno) {
    EXPECT_NE(thrown_for<ConnectionRefusedError>(ECONNREFUSED), "");
    EXPECT_NE(thrown_for<ConnectionResetError>(ECONNRESET), "");
    EXPECT_NE(thrown_for<ConnectionAbortedError>(ECONNABORTED), "");
    EXPECT_NE(thrown_for<BrokenPipeError>(EPIPE), "");
    EXPECT_NE(thrown_for<TimeoutError>(ETIMEDOUT), "");  // semantics 29: the same class as with_timeout's
    EXPECT_NE(thrown_for<FileNotFoundError>(ENOENT), "");
    EXPECT_NE(thrown_for<PermissionError>(EPERM), "");
    EXPECT_NE(thrown_for<ProcessLookupError>(ESRCH), "");
    EXPECT_NE(thrown_for<ChildProcessError>(ECHILD), "");
    EXPECT_NE(thrown_for<OSError>(EIO), "");
}

TEST(TimeoutError, keeps_its_message_in_classes_derived_from_it) {
    EXPECT_STREQ(TimeoutError().what(), "the operation timed out");
    EXPECT_STREQ(TimeoutOfTwoKinds("late").what(), "late");
    try {
        TimeoutOfTwoKinds error("very late");
        TimeoutOfTwoKinds copy("");
        copy = error;
        throw copy;
    } catch (const std::exception& error) {
        EXPECT_STREQ(error.what(), "very late");
    }
}

TEST(OSError, says_what_was_attempted_and_why_it_failed) {
    const std::string text = thrown_for<OSError>(ENOENT);
    EXPECT_NE(text.find("connect to 127.0.0.1:80"), std::string::npos) << text;
    EXPECT_NE(text.find("No such file"), std::string::npos) << text;
}

TEST(OSError, keeps_its_code) {
    try {
        throw_os_error(EMFILE, "accept");
    } catch (const OSError& error) {
        EXPECT_EQ(error.code(), EMFILE);
    }
}

TEST(TimeoutError, made_in_a_handler_nests_what_is_handled) {
    try {
        try {
            throw CancelledError("deadline");
        } catch (const CancelledError&) {
            throw TimeoutError();
        }
    } catch (const TimeoutError& error) {
        EXPECT_THROW(std::rethrow_if_nested(error), CancelledError);
    }
}

TEST(IncompleteReadError, tells_what_came) {
    const IncompleteReadError error("abc", 10);
    EXPECT_EQ(error.partial(), "abc");
    EXPECT_EQ(error.expected(), 10u);
}

}  // namespace aio::test
