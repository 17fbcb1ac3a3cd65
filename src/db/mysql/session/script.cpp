// COM_QUERY, the text protocol: for statements without arguments, transactions and resets.
#include <aio/db/errors.hpp>

#include "db/mysql/session/run.hpp"
#include "db/mysql/wire/client_packets.hpp"

#include <utility>

namespace aio::mysql::detail {

void TextExchange::write(std::string& output) { expects(wire::append_command(output, wire::Command::query, sql_)); }

namespace {

// Of the driver's own, which nobody waits for. `vital`: a session that could not be used any more if it failed; or null.
class PostedScript final : public TextExchange {
public:
    PostedScript(Session& session, std::string sql, Effect effect, bool is_vital)
        : TextExchange(session, std::move(sql), RowsWanted::none, Dropped::stays, effect),
          vital_(is_vital ? &session : nullptr) {}

private:
    bool may_repeat() const noexcept override { return true; }
    void ended() noexcept override {
        if (error() && vital_) vital_->abort();
    }

    Session* vital_;
};

// As in the login.
constexpr std::string_view kSetNames = "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci";

class ResetExchange final : public ResultExchange {
public:
    ResetExchange(Session& session, bool is_posted)
        : ResultExchange(session, Format::text, RowsWanted::none, Dropped::stays, Effect::ends),
          session_(session),
          is_posted_(is_posted) {}

private:
    void write(std::string& output) override {
        expects(wire::append_command(output, wire::Command::reset_connection));
        expects(wire::append_command(output, wire::Command::query, kSetNames));
        const std::string script = initial_script(session_.options(), 0);
        if (!script.empty()) expects(wire::append_command(output, wire::Command::query, script));
    }
    void ended() noexcept override {
        if (error() && is_posted_) session_.abort();
    }
    std::string_view statement() const noexcept override { return "COM_RESET_CONNECTION"; }

    Session& session_;
    bool is_posted_;
};

ExchangeRef<TextExchange> submit_text(Session& session, std::string sql, RowsWanted wanted) {
    ExchangeRef<TextExchange> exchange(new TextExchange(session, std::move(sql), wanted));
    session.submit(*exchange);
    return exchange;
}

}  // namespace

Coro<SharedResult> run_text(SharedSession session, std::string sql, RowsWanted wanted) {
    const Session::Running running(*session);
    const ExchangeRef<TextExchange> exchange = submit_text(*session, std::move(sql), wanted);
    co_await session->finished(*exchange);
    co_return wanted == RowsWanted::none ? exchange->results.back() : exchange->main_result();
}

Coro<std::vector<SharedResult>> run_text_for_sets(SharedSession session, std::string sql) {
    const Session::Running running(*session);
    const ExchangeRef<TextExchange> exchange = submit_text(*session, std::move(sql), RowsWanted::all);
    co_await session->finished(*exchange);
    std::vector<SharedResult> results(exchange->results.begin(), exchange->results.end());
    co_return results;
}

Coro<> run_script(std::shared_ptr<Session> session, std::string sql, Exchange::Dropped dropped,
                  Exchange::Effect effect) {
    const Session::Running running(*session);
    const ExchangeRef<TextExchange> exchange(
        new TextExchange(*session, std::move(sql), RowsWanted::none, dropped, effect));
    session->submit(*exchange);
    co_await session->finished(*exchange);
}

void post_script(Session& session, std::string sql, bool is_vital, Exchange::Effect effect) {
    const ExchangeRef<PostedScript> exchange(new PostedScript(session, std::move(sql), effect, is_vital));
    session.submit(*exchange);
}

void post_reset(Session& session) {
    const ExchangeRef<ResetExchange> exchange(new ResetExchange(session, true));
    session.submit(*exchange);
    session.forget_statements();
}

Coro<> reset(std::shared_ptr<Session> session) {
    const Session::Running running(*session);
    const ExchangeRef<ResetExchange> exchange(new ResetExchange(*session, false));
    session->submit(*exchange);
    session->forget_statements();
    co_await session->finished(*exchange);
}

std::string initial_script(const SessionOptions& options, wire::StatusFlags status) {
    std::string script;
    const bool is_on = (status & wire::kAutocommit) != 0;
    if (options.autocommit && *options.autocommit != is_on) {
        script = *options.autocommit ? "SET autocommit = 1" : "SET autocommit = 0";
    }
    if (!options.init_command.empty()) script += (script.empty() ? "" : "; ") + options.init_command;
    return script;
}

}  // namespace aio::mysql::detail
