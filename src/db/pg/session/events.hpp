// Whom a session tells of what the server says unasked, notifications, notices, and the end; and of each statement. Internal.
#pragma once

#include <aio/db/errors.hpp>
#include <aio/pg/notification.hpp>
#include <aio/pg/query_logger.hpp>

#include "db/pg/wire/backend.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace aio::pg::detail {

// Listeners may add and remove others while they are called. What one throws goes to the loop's exception handler.
class Events {
public:
    using OnNotification = std::function<void(const Notification&)>;
    using OnNotice = std::function<void(const db::ErrorReport&)>;
    using OnEnd = std::function<void()>;
    using OnQuery = std::function<void(const LoggedQuery&)>;

    Listener add_listener(std::string channel, OnNotification listener);
    // Whether it was the last one of its channel.
    bool remove_listener(const Listener& listener) noexcept;
    void forget_listeners() noexcept { listeners_.clear(); }
    void set_notice_listener(OnNotice listener) { on_notice_ = std::move(listener); }
    std::uint64_t add_termination_listener(OnEnd listener);
    void remove_termination_listener(std::uint64_t number) noexcept { on_end_.erase(number); }

    std::uint64_t add_query_logger(OnQuery logger);
    void remove_query_logger(std::uint64_t number) noexcept { on_query_.erase(number); }
    bool has_query_loggers() const noexcept { return !on_query_.empty(); }
    bool has_listeners() const noexcept { return !listeners_.empty() || on_notice_; }

    void log_query(const LoggedQuery& query) noexcept;
    void notify(const wire::Notification& notification);
    void notice(const db::ErrorReport& notice);
    void terminated() noexcept;

private:
    using Listeners = std::map<std::uint64_t, std::shared_ptr<OnNotification>>;

    std::map<std::string, Listeners, std::less<>> listeners_;  // by channel
    std::map<std::uint64_t, OnEnd> on_end_;
    std::map<std::uint64_t, std::shared_ptr<OnQuery>> on_query_;
    OnNotice on_notice_;
    std::uint64_t last_ = 0;
};

}  // namespace aio::pg::detail
