// Whom a session tells of what the server says unasked: notifications, notices, and the end. Internal.
#pragma once

#include <aio/db/errors.hpp>
#include <aio/pg/notification.hpp>

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

    Listener add_listener(std::string channel, OnNotification listener);
    // Whether it was the last one of its channel.
    bool remove_listener(const Listener& listener) noexcept;
    void forget_listeners() noexcept { listeners_.clear(); }
    void set_notice_listener(OnNotice listener) { on_notice_ = std::move(listener); }
    std::uint64_t add_termination_listener(OnEnd listener);
    void remove_termination_listener(std::uint64_t number) noexcept { on_end_.erase(number); }

    void notify(const wire::Notification& notification);
    void notice(const db::ErrorReport& notice);
    void terminated() noexcept;

private:
    using Listeners = std::map<std::uint64_t, std::shared_ptr<OnNotification>>;

    std::map<std::string, Listeners, std::less<>> listeners_;  // by channel
    std::map<std::uint64_t, OnEnd> on_end_;
    OnNotice on_notice_;
    std::uint64_t last_ = 0;
};

}  // namespace aio::pg::detail
