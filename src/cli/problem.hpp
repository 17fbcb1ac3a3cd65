// What went wrong with one URL: as text, as exit status, and whether it may go better the next time.
#pragma once

#include "cli/exit_status.hpp"

#include <aio/base/error.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace aio::cli {

// The command line makes no sense.
class UsageError : public ValueError {
public:
    explicit UsageError(const std::string& message, int status = kUsage) : ValueError(message), status_(status) {}
    int status() const noexcept { return status_; }

private:
    int status_;
};

// The server answered with a status that is an error here.
class StatusError : public Error {
public:
    StatusError(int status, std::string_view reason, std::optional<std::chrono::seconds> retry_after);
    int status() const noexcept { return status_; }
    // What the server asks for.
    std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

private:
    int status_;
    std::optional<std::chrono::seconds> retry_after_;
};

struct Problem {
    int status = kFailed;  // an ExitStatus
    std::string text;      // what happened, and what to do about it
    bool transient = false;
    std::optional<std::chrono::seconds> retry_after;

    Problem(int s, std::string t, bool may_pass = false) : status(s), text(std::move(t)), transient(may_pass) {}
};

// Whether a status is one of those that may pass: 408, 429, 500, 502, 503, 504.
bool is_transient(int status) noexcept;

// Of an exception that came out of a download. One that is no std::exception is thrown on.
Problem explain(const std::exception_ptr& error);

}  // namespace aio::cli
