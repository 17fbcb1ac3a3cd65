// A session around a connection that is authenticated. The authentication: dial.cpp.
#include "db/mysql/session/startup.hpp"

#include <aio/io/create_connection.hpp>

#include "db/mysql/session/dial.hpp"
#include "db/mysql/session/run.hpp"

#include <utility>

namespace aio::mysql::detail {

namespace {

Coro<StreamPair> start(std::shared_ptr<Session> session) {
    wire::StatusFlags status = 0;
    StreamPair ends = co_await log_in(session->shared_options(), session->identity(), status);
    session->note_status(status);
    if ((session->identity().capabilities & wire::kCompress) != 0) session->begin_compression();
    co_return ends;
}

// What the handles share.
class SessionOwner {
public:
    explicit SessionOwner(std::shared_ptr<Session> session) noexcept : session_(std::move(session)) {}
    SessionOwner(const SessionOwner&) = delete;
    ~SessionOwner() {
        if (!session_->is_lost()) session_->abort();
    }

private:
    std::shared_ptr<Session> session_;
};

}  // namespace

Coro<std::shared_ptr<Session>> open_session(std::shared_ptr<const SessionOptions> options) {
    const auto session = std::make_shared<Session>(std::move(options));
    auto maker = [session]() -> std::shared_ptr<BaseProtocol> { return session; };
    aio::detail::ProtocolMaker make_protocol(maker);
    co_await aio::detail::connect_protocol(std::move(make_protocol), start(session));
    const auto owner = std::make_shared<SessionOwner>(session);
    std::shared_ptr<Session> owned(owner, session.get());
    std::string script = initial_script(session->options(), session->status());
    if (!script.empty()) co_await run_script(owned, std::move(script));
    co_return owned;
}

}  // namespace aio::mysql::detail
