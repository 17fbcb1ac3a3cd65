// From a race between addresses to a socket, or to an error that says what was tried.
#include "io/connect/connect.hpp"

#include <aio/base/error.hpp>
#include <aio/base/exception_group.hpp>

#include "base/make_error.hpp"
#include "io/connect/happy_eyeballs.hpp"

#include <algorithm>
#include <system_error>

namespace aio::detail {

namespace {

using Stage = ConnectAttempt::Stage;
using Attempts = std::vector<std::unique_ptr<ConnectAttempt>>;

// "bind the local address 127.0.0.2:0", "connect to [::1]:80".
std::string attempted(const ConnectAttempt& attempt, const std::string& to) {
    switch (attempt.stage()) {
        case Stage::bind: return "bind the local address " + attempt.local()->str();
        case Stage::family: return "connect to " + to + " from the local address, which is of another family";
        default: return "connect to " + to;
    }
}

std::exception_ptr error_of(const ConnectAttempt& attempt, const std::string& to) {
    return make_os_error(attempt.error(), [&] { return attempted(attempt, to); });
}

// The addresses of all attempts; with `details`, each with its error.
std::string list_of(const Attempts& attempts, bool details) {
    std::string text;
    for (const auto& attempt : attempts) {
        if (!text.empty()) text += ", ";
        const std::string address = attempt->address().str();
        const bool connecting = attempt->stage() == Stage::connect || attempt->stage() == Stage::socket;
        text += connecting || !details ? address : attempted(*attempt, address);
        if (details) text += ": " + std::generic_category().message(attempt->error());
    }
    return text;
}

// One address, or the same error from all: that error. Else all of them in one message.
// Source: CPython 3.13 base_events.create_connection.
[[noreturn]] void raise(const Attempts& attempts, const ConnectPlan& plan) {
    const ConnectAttempt& first = *attempts.front();
    if (plan.all_errors) {
        std::vector<std::exception_ptr> errors;
        for (const auto& attempt : attempts) errors.push_back(error_of(*attempt, attempt->address().str()));
        throw ExceptionGroup("connect to " + plan.wanted + " failed", std::move(errors));
    }
    const auto alike = [&](const auto& attempt) {
        return attempt->error() == first.error() && attempt->stage() == first.stage();
    };
    if (!std::all_of(attempts.begin(), attempts.end(), alike)) {
        throw OSError(first.error(), "connect to " + plan.wanted +
                                         ": Multiple exceptions: " + list_of(attempts, true) + "; the first");
    }
    const std::string addresses = list_of(attempts, false);
    const bool obvious = addresses == plan.wanted;
    std::rethrow_exception(error_of(first, obvious ? plan.wanted : plan.wanted + " (" + addresses + ")"));
}

}  // namespace

Coro<int> connect_socket(ConnectPlan plan) {
    ConnectRace race(LoopState::of(require_loop()), plan);
    const int fd = co_await race.finish();
    if (fd < 0) raise(race.attempts(), plan);
    co_return fd;
}

}  // namespace aio::detail
