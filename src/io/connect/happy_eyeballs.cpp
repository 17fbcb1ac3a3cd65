// The race: when attempts start, what each does before connect (bind, TCP_NODELAY), and how the others are given up.
// interleaved(), the order of addresses, is here too. connect.cpp makes the error thrown when all attempts fail.
#include "io/connect/happy_eyeballs.hpp"

#include <aio/core/event_loop.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace aio::detail {

// --- an attempt ----------------------------------------------------------------------------------------------

bool ConnectAttempt::start(ConnectRace& race, const std::vector<RawAddress>& locals) noexcept {
    error_ = -open(locals);
    if (error_ != 0) {
        close();
        return false;
    }
    stage_ = Stage::connect;
    race_ = &race;
    peer = {address_.get(), address_.length};
    loop_.backend->start(*this);
    return true;
}

// 0 or a negative errno; the stage says of what.
int ConnectAttempt::open(const std::vector<RawAddress>& locals) noexcept {
    Backend& backend = *loop_.backend;
    stage_ = Stage::socket;
    fd = backend.open_socket(address_.family(), SOCK_STREAM);
    if (fd < 0) return std::exchange(fd, -1);
    if (!locals.empty()) {
        if (const int error = bind_one_of(locals)) return error;
    }
    const int on = 1;
    if (address_.family() != AF_UNIX) backend.set_option(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return 0;
}

int ConnectAttempt::bind_one_of(const std::vector<RawAddress>& locals) noexcept {
    Backend& backend = *loop_.backend;
    int result = -EADDRNOTAVAIL;
    stage_ = Stage::family;
    for (const RawAddress& local : locals) {
        if (local.family() != address_.family()) continue;
        const int on = 1;
        backend.set_option(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        stage_ = Stage::bind;
        local_ = &local;
        result = backend.bind(fd, local.get(), local.length);
        if (result == 0) break;
    }
    return result;
}

void ConnectAttempt::close() noexcept {
    if (fd >= 0) loop_.backend->close_fd(take_socket());
}

void ConnectAttempt::give_up() noexcept {
    race_ = nullptr;
    loop_.backend->cancel(*this);
}

void ConnectAttempt::completed(int result, const char*, bool) noexcept {
    ConnectRace* race = std::exchange(race_, nullptr);
    if (!race || result != 0) close();
    if (!race) {
        delete this;
        return;
    }
    error_ = -result;
    race->attempt_ended(*this, result == 0);
}

// --- the race ------------------------------------------------------------------------------------------------

ConnectRace::ConnectRace(LoopState& loop, const ConnectPlan& plan) : loop_(loop), plan_(plan) {
    attempts_.reserve(plan.addresses.size());
    for (const RawAddress& address : plan.addresses) {
        attempts_.push_back(std::make_unique<ConnectAttempt>(loop, address));
    }
}

ConnectRace::~ConnectRace() {
    stop();
    if (winner_ >= 0 && loop_.backend) loop_.backend->close_fd(winner_);  // its waiter was cancelled
}

// False when no attempt could be started.
bool ConnectRace::start_next() noexcept {
    timer_.cancel();
    bool started = false;
    while (next_ < attempts_.size()) {
        if (!attempts_[next_++]->start(*this, plan_.locals)) continue;
        ++running_;
        started = true;
        if (plan_.delay <= Duration(0) || next_ == attempts_.size() || arm_timer()) break;
    }
    return started;
}

// False without the memory for it.
bool ConnectRace::arm_timer() noexcept {
    try {
        timer_ = loop_.owner->call_later(plan_.delay, [this] { start_next(); });
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void ConnectRace::attempt_ended(ConnectAttempt& attempt, bool connected) noexcept {
    --running_;
    if (connected) {
        winner_ = attempt.take_socket();
        stop();
    } else {
        // Only the failure of the latest attempt starts the next one early.
        const bool was_last = attempts_[next_ - 1].get() == &attempt;
        if (was_last) start_next();
        if (running_ > 0) return;
    }
    if (awaiter_) std::exchange(awaiter_, nullptr)->finished();
}

// Abandons the attempts that are running.
void ConnectRace::stop() noexcept {
    timer_.cancel();
    for (std::size_t i = 0; i < next_ && running_ > 0; ++i) {
        if (!attempts_[i] || !attempts_[i]->in_flight) continue;
        attempts_[i].release()->give_up();
        --running_;
    }
    next_ = attempts_.size();
}

std::vector<RawAddress> interleaved(const std::vector<RawAddress>& addresses, int first) {
    std::vector<std::vector<const RawAddress*>> families;  // by their first address
    for (const RawAddress& address : addresses) {
        const auto same = [&](const auto& list) { return list.front()->family() == address.family(); };
        const auto found = std::find_if(families.begin(), families.end(), same);
        if (found != families.end()) {
            found->push_back(&address);
        } else {
            families.emplace_back(1, &address);
        }
    }
    std::vector<RawAddress> result;
    result.reserve(addresses.size());
    const auto lead = static_cast<std::size_t>(std::max(first, 1) - 1);
    for (std::size_t i = 0; !families.empty() && i < std::min(lead, families.front().size()); ++i) {
        result.push_back(*families.front()[i]);
    }
    for (std::size_t turn = 0; result.size() < addresses.size(); ++turn) {
        for (const auto& family : families) {
            const std::size_t at = turn + (&family == &families.front() ? lead : 0);
            if (at < family.size()) result.push_back(*family[at]);
        }
    }
    return result;
}

}  // namespace aio::detail
