// Listeners are copied before they are called, since they may change the lists.
#include "db/pg/session/events.hpp"

#include <aio/core/event_loop.hpp>
#include <aio/core/log.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace aio::pg::detail {

namespace {

void report(std::exception_ptr error) noexcept {
    try {
        ExceptionContext context;
        context.message = "Exception in a listener of a PostgreSQL connection";
        context.exception = std::move(error);
        get_running_loop().call_exception_handler(context);
    } catch (...) {
        // No memory for the report.
    }
}

template <class F, class... Args>
void call(const F& listener, const Args&... args) noexcept {
    try {
        listener(args...);
    } catch (...) {
        report(std::current_exception());
    }
}

}  // namespace

Listener Events::add_listener(std::string channel, OnNotification listener) {
    auto shared = std::make_shared<OnNotification>(std::move(listener));
    listeners_[channel].emplace(++last_, std::move(shared));
    return {std::move(channel), last_};
}

bool Events::remove_listener(const Listener& listener) noexcept {
    const auto channel = listeners_.find(listener.channel);
    if (channel == listeners_.end() || channel->second.erase(listener.number) == 0) return false;
    if (!channel->second.empty()) return false;
    listeners_.erase(channel);
    return true;
}

std::uint64_t Events::add_termination_listener(OnEnd listener) {
    on_end_.emplace(++last_, std::move(listener));
    return last_;
}

std::uint64_t Events::add_query_logger(OnQuery logger) {
    on_query_.emplace(++last_, std::make_shared<OnQuery>(std::move(logger)));
    return last_;
}

void Events::log_query(const LoggedQuery& query) noexcept {
    for (auto each = on_query_.begin(); each != on_query_.end();) {
        const std::uint64_t number = each->first;
        const std::shared_ptr<OnQuery> logger = each->second;  // it may remove itself
        call(*logger, query);
        each = on_query_.upper_bound(number);
    }
}

void Events::notify(const wire::Notification& notification) {
    const auto channel = listeners_.find(notification.channel);
    if (channel == listeners_.end()) return;
    const Notification copy{std::string(notification.channel), std::string(notification.payload),
                            notification.process};
    std::vector<std::shared_ptr<OnNotification>> called;
    for (const auto& [number, listener] : channel->second) called.push_back(listener);
    for (const auto& listener : called) call(*listener, copy);
}

void Events::notice(const db::ErrorReport& notice) {
    if (const OnNotice listener = on_notice_) return call(listener, notice);
    aio::detail::log(LogLevel::info, "PostgreSQL: " + notice.severity + ": " + notice.message);
}

void Events::terminated() noexcept {
    while (!on_end_.empty()) call(on_end_.extract(on_end_.begin()).mapped());
    listeners_.clear();
    on_notice_ = nullptr;
}

}  // namespace aio::pg::detail
