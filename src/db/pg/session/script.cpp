// Query, the simple protocol: for scripts, transactions and resets.
#include "db/pg/session/script.hpp"

#include "db/pg/session/logged.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/frontend.hpp"
#include "db/words.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace aio::pg::detail {

namespace {

using db::detail::mentions;

// In lower case.
std::string first_word(std::string_view statement) {
    constexpr std::string_view kSpaces = " \t\r\n\f\v";
    statement.remove_prefix(std::min(statement.find_first_not_of(kSpaces), statement.size()));
    std::string word(statement.substr(0, statement.find_first_of(" \t\r\n\f\v(;")));
    for (char& c : word) c = db::detail::to_lower(c);
    return word;
}

}  // namespace

// A semicolon inside a literal is taken for the end of a statement, which does no harm.
bool leaves_nothing(std::string_view sql) {
    if (mentions(sql, "concurrently") || mentions(sql, "database")) return false;
    if (mentions(sql, "alter system") || mentions(sql, "advisory_lock")) return false;
    while (true) {
        const std::string word = first_word(sql);
        for (const std::string_view unsafe :
             {"call", "do", "commit", "end", "prepare", "rollback", "vacuum", "reindex", "cluster"}) {
            if (word == unsafe) return false;
        }
        if (word.starts_with("--") || word.starts_with("/*")) return false;
        const std::size_t end = sql.find(';');
        if (end == std::string_view::npos) return true;
        sql.remove_prefix(end + 1);
    }
}

bool may_change_session(std::string_view sql) {
    if (!db::detail::begins_with_one(sql, "select", "insert", "update", "delete", "with", "values", "merge"))
        return true;
    return mentions(sql, "advisory") || mentions(sql, "set_config");
}

bool may_want_data(std::string_view sql) { return mentions(sql, "stdin"); }

namespace {

class ScriptExchange final : public Exchange {
public:
    ScriptExchange(std::string_view sql, Dropped dropped, Effect effect)
        : Exchange(dropped, effect), sql_(sql), is_alone_(may_want_data(sql)) {}
    // Of the driver's own, which nobody waits for. `vital`: a session that could not be used any more if it failed; or null.
    ScriptExchange(std::string_view sql, Effect effect, Session* vital)
        : Exchange(Dropped::stays, effect), sql_(sql), vital_(vital), is_posted_(true) {}

    std::string tag;

private:
    void write(std::string& output) override { wire::append_query(output, sql_); }
    void received(const wire::Message& message) override {
        if (message.type == wire::MessageType::command_complete) {
            tag = std::string(wire::parse_command_complete(message).tag);
            has_ended_ = true;
        } else if (message.type == wire::MessageType::empty_query_response) {
            has_ended_ = true;
        }
    }
    bool is_complete() const noexcept override { return has_ended_; }
    bool is_alone() const noexcept override { return is_alone_; }
    bool may_repeat() const noexcept override { return is_posted_ || leaves_nothing(sql_); }
    void restart() noexcept override {
        tag.clear();
        has_ended_ = false;
    }
    bool has_sync() const noexcept override { return false; }
    void ended() noexcept override {
        if (error() && vital_) vital_->abort();
    }
    std::string_view statement() const noexcept override { return sql_; }

    std::string sql_;
    Session* vital_ = nullptr;
    bool is_alone_ = false;
    bool is_posted_ = false;
    bool has_ended_ = false;  // at least one statement of it
};

Coro<std::string> run_script_unlogged(std::shared_ptr<Session> session, std::string_view sql,
                                      Exchange::Dropped dropped, Exchange::Effect effect) {
    const Session::Running running(*session);
    const ExchangeRef<ScriptExchange> exchange(new ScriptExchange(sql, dropped, effect));
    session->submit(*exchange);
    co_await session->finished(*exchange);
    co_return std::move(exchange->tag);
}

}  // namespace

Coro<std::string> run_script(std::shared_ptr<Session> session, std::string_view sql, Exchange::Dropped dropped,
                             Exchange::Effect effect) {
    return logged(session, sql, run_script_unlogged(session, sql, dropped, effect));
}

void reset_session(Session& session, std::string_view script) {
    std::string sql;
    const bool may_be_open = session.is_in_transaction() || !session.is_idle();
    if (may_be_open) sql = "ROLLBACK;";
    sql += script;
    if (sql.empty()) return;
    post_script(session, sql, true, Exchange::Effect::ends);
}

void post_script(Session& session, std::string_view script, bool is_vital, Exchange::Effect effect) {
    const ExchangeRef<ScriptExchange> exchange(new ScriptExchange(script, effect, is_vital ? &session : nullptr));
    session.submit(*exchange);
}

}  // namespace aio::pg::detail
