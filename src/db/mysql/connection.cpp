// The parts of Connection that do not depend on types. session/ does the work.
#include <aio/mysql/connection.hpp>

#include <aio/db/errors.hpp>

#include "db/mysql/session/result_data.hpp"
#include "db/mysql/session/run.hpp"
#include "db/mysql/session/startup.hpp"
#include "db/mysql/wire/client_packets.hpp"

#include <utility>

namespace aio::mysql {

namespace detail {

const ExecuteResult& done_of(const ResultData& data) noexcept { return data.done; }

namespace {

// A command that is answered by OK: COM_PING, COM_INIT_DB.
class CommandExchange final : public ResultExchange {
public:
    CommandExchange(Session& session, wire::Command command, std::string text)
        : ResultExchange(session, Format::text, RowsWanted::none, Dropped::stops, Effect::none),
          command_(command),
          text_(std::move(text)) {}

private:
    void write(std::string& output) override { expects(wire::append_command(output, command_, text_)); }

    wire::Command command_;
    std::string text_;
};

Coro<> run_command(SharedSession session, wire::Command command, std::string text = {}) {
    const Session::Running running(*session);
    const ExchangeRef<CommandExchange> exchange(new CommandExchange(*session, command, std::move(text)));
    session->submit(*exchange);
    co_await session->finished(*exchange);
}

Coro<> close_session(SharedSession session) { co_await Session::close(session->shared_from_this()); }

Coro<PreparedStatement> prepare_text(SharedSession session, std::string sql) {
    const Session::Running running(*session);
    auto statement = co_await prepare(*session, sql);
    const db::detail::Lease lease = session->lease();
    co_return PreparedStatement(std::move(session), std::move(statement), lease);
}

Coro<> ping_link(std::shared_ptr<Link> link, bool reconnect) {
    const SharedSession session = link->session;
    std::exception_ptr failure;
    try {
        co_await run_command(session, wire::Command::ping);
    } catch (const Error&) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    if (!reconnect || session->is_open()) std::rethrow_exception(failure);
    SharedSession fresh = co_await open_session(session->shared_options());
    link->session = std::move(fresh);
}

Coro<std::vector<Warning>> warnings_of(SharedSession session) {
    const Rows rows(co_await run_text(std::move(session), "SHOW WARNINGS", RowsWanted::all));
    std::vector<Warning> warnings;
    for (const Row& row : rows) {
        warnings.push_back({row.get<std::string>(0), row.get<std::int32_t>(1), row.get<std::string>(2)});
    }
    co_return warnings;
}

Coro<> reset_session(SharedSession session) { co_await reset(session); }

}  // namespace

}  // namespace detail

Coro<PreparedStatement> Connection::prepare(db::RuntimeSql sql) const {
    return detail::prepare_text(link_->session, std::string(sql.text));
}

Coro<> Connection::ping(bool reconnect) const { return detail::ping_link(link_, reconnect); }
Coro<> Connection::select_db(std::string database) const {
    return detail::run_command(link_->session, wire::Command::use_database, std::move(database));
}
Coro<std::vector<Warning>> Connection::show_warnings() const { return detail::warnings_of(link_->session); }
Coro<> Connection::kill(std::uint64_t thread_id) const {
    return detail::run_script(link_->session, "KILL " + std::to_string(thread_id));
}
Coro<> Connection::reset() const { return detail::reset_session(link_->session); }

void Connection::add_termination_listener(std::function<void()> listener) const {
    link_->session->add_termination_listener(std::move(listener));
}

bool Connection::is_in_transaction() const noexcept { return link_->session->is_in_transaction(); }

// Keeps the handles' owner alive until then.
Coro<> Connection::close() const { return detail::close_session(link_->session); }
void Connection::terminate() const noexcept { link_->session->abort(); }
bool Connection::is_closed() const noexcept { return !link_->session->is_open(); }

std::string_view Connection::get_server_info() const noexcept { return link_->session->identity().version; }
bool Connection::is_mariadb() const noexcept { return get_server_info().find("MariaDB") != std::string_view::npos; }
std::uint64_t Connection::get_thread_id() const noexcept { return link_->session->identity().connection; }

}  // namespace aio::mysql
