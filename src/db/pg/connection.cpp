// The parts of Connection that do not depend on types. session/ does the work.
#include <aio/pg/connection.hpp>

#include <aio/base/error.hpp>
#include <aio/db/errors.hpp>
#include <aio/sync/queue.hpp>

#include "db/pg/session/prepare.hpp"
#include "db/pg/session/quote.hpp"
#include "db/pg/session/result_data.hpp"
#include "db/pg/session/script.hpp"
#include "db/pg/session/session.hpp"

#include <cstddef>
#include <memory>
#include <utility>

namespace aio::pg {

namespace detail {

Coro<std::string> run_script_text(SharedSession session, std::string sql) {
    co_return co_await run_script(std::move(session), sql);
}

const std::string& tag_of(const ResultData& data) noexcept { return data.tag; }

void forget_query_logger(Session& session, std::uint64_t number) noexcept {
    session.events().remove_query_logger(number);
}

namespace {

constexpr std::size_t kMostUntaken = 10'000;

Coro<> close_session(SharedSession session) { co_await Session::close(session->shared_from_this()); }

Coro<PreparedStatement> prepare_text(SharedSession session, std::string sql) {
    const Session::Running running(*session);
    auto statement = co_await prepare(*session, sql);
    const db::detail::Lease lease = session->lease();
    co_return PreparedStatement(std::move(session), std::move(statement), lease);
}

Coro<> reset(SharedSession session) {
    session->events().forget_listeners();
    const std::string script = (session->is_in_transaction() ? "ROLLBACK;" : "") + std::string(kResetScript);
    co_await run_script(std::move(session), script, Exchange::Dropped::stays, Exchange::Effect::ends);
}

Coro<Listener> listen(SharedSession session, std::string channel, Events::OnNotification function) {
    Listener listener = session->events().add_listener(channel, std::move(function));
    try {
        co_await run_script(session, "LISTEN " + quoted_name(channel));
    } catch (...) {
        session->events().remove_listener(listener);
        throw;
    }
    co_return listener;
}

Coro<> unlisten(SharedSession session, Listener listener) {
    const bool was_last = session->events().remove_listener(listener);
    if (was_last && session->is_open()) co_await run_script(session, "UNLISTEN " + quoted_name(listener.channel));
}

// What a generator of notifications needs as long as it lives.
class Subscription {
public:
    Subscription(SharedSession session, std::string channel) : session_(std::move(session)) {
        const auto take = [queue = queue_](const Notification& notification) {
            if (queue->full()) return queue->shutdown();
            queue->put_nowait(notification);
        };
        listener_ = session_->events().add_listener(std::move(channel), take);
        try {
            end_ = session_->events().add_termination_listener([queue = queue_] { queue->shutdown(); });
        } catch (...) {
            session_->events().remove_listener(listener_);
            throw;
        }
    }
    Subscription(const Subscription&) = delete;
    ~Subscription() {
        session_->events().remove_termination_listener(end_);
        const bool was_last = session_->events().remove_listener(listener_);
        if (!was_last || !session_->is_open()) return;
        try {
            post_script(*session_, "UNLISTEN " + quoted_name(listener_.channel));
        } catch (...) {
            // No memory: what still comes is dropped.
        }
    }
    Queue<Notification>& queue() noexcept { return *queue_; }

private:
    SharedSession session_;
    std::shared_ptr<Queue<Notification>> queue_ = std::make_shared<Queue<Notification>>(kMostUntaken);
    Listener listener_;
    std::uint64_t end_ = 0;
};

AsyncGenerator<Notification> notifications_of(SharedSession session, std::string channel) {
    Subscription subscription(session, channel);
    co_await run_script(session, "LISTEN " + quoted_name(channel));
    while (true) {
        std::optional<Notification> notification;
        try {
            notification = co_await subscription.queue().get();
        } catch (const QueueShutDown&) {
            if (!session->is_lost()) {
                throw db::InterfaceError("notifications: more than " + std::to_string(kMostUntaken) +
                                         " of them were not taken; the rest is lost");
            }
        }
        if (!notification) throw db::InterfaceError("notifications: the connection was closed or lost");
        co_yield std::move(*notification);
    }
}

}  // namespace

}  // namespace detail

Coro<PreparedStatement> Connection::prepare(db::RuntimeSql sql) const {
    return detail::prepare_text(session_, std::string(sql.text));
}

Coro<> Connection::reset() const { return detail::reset(session_); }

void Connection::reload_schema_state() const {
    session_->statements().drop_all();
    session_->forget_types();
}

Coro<Listener> Connection::add_listener(std::string channel,
                                        std::function<void(const Notification&)> listener) const {
    return detail::listen(session_, std::move(channel), std::move(listener));
}
Coro<> Connection::remove_listener(Listener listener) const {
    return detail::unlisten(session_, std::move(listener));
}
AsyncGenerator<Notification> Connection::notifications(std::string channel) const {
    return detail::notifications_of(session_, std::move(channel));
}
void Connection::set_notice_listener(std::function<void(const db::ErrorReport&)> listener) const {
    session_->events().set_notice_listener(std::move(listener));
}
std::uint64_t Connection::add_termination_listener(std::function<void()> listener) const {
    return session_->events().add_termination_listener(std::move(listener));
}
void Connection::remove_termination_listener(std::uint64_t number) const noexcept {
    session_->events().remove_termination_listener(number);
}
std::uint64_t Connection::add_query_logger(std::function<void(const LoggedQuery&)> logger) const {
    return session_->events().add_query_logger(std::move(logger));
}
void Connection::remove_query_logger(std::uint64_t number) const noexcept {
    session_->events().remove_query_logger(number);
}
QueryLogger Connection::query_logger(std::function<void(const LoggedQuery&)> logger) const {
    return {session_, add_query_logger(std::move(logger))};
}

bool Connection::is_in_transaction() const noexcept { return session_->is_in_transaction(); }

// Keeps the handles' owner alive until then.
Coro<> Connection::close() const { return detail::close_session(session_); }
void Connection::terminate() const noexcept { session_->abort(); }
bool Connection::is_closed() const noexcept { return !session_->is_open(); }
std::string_view Connection::setting(std::string_view name) const noexcept { return session_->setting(name); }
std::uint32_t Connection::get_server_pid() const noexcept { return session_->process(); }

}  // namespace aio::pg
