// The exchanges of COPY, and its text.
//
//   reader: Query ──▶ CopyOutResponse, CopyData…, CopyDone      the transport is not read while too much waits to be taken
//   writer: Query ──▶ CopyInResponse, then CopyData…, CopyDone  or CopyFail
//
// Source: PostgreSQL 17 manual, 53.2.6 (COPY), and COPY (the binary format).
#include <aio/pg/copy.hpp>

#include <aio/db/errors.hpp>
#include <aio/io/stream.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/session/prepare.hpp"
#include "db/pg/session/quote.hpp"
#include "db/pg/session/session.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/integers.hpp"

#include <algorithm>

namespace aio::pg::detail {

namespace {

constexpr std::size_t kHighWater = 262'144;  // bytes that wait to be taken

class CopyExchange : public Exchange {
public:
    explicit CopyExchange(std::string sql) : Exchange(Dropped::stops), sql_(std::move(sql)) {}

    const std::string& tag() const noexcept { return tag_; }
    Event& changed() noexcept { return changed_; }

protected:
    void write(std::string& output) override { wire::append_query(output, sql_); }
    bool copies() const noexcept override { return true; }
    bool has_sync() const noexcept override { return false; }
    void received(const wire::Message& message) override {
        if (message.type == wire::MessageType::command_complete) {
            tag_ = std::string(wire::parse_command_complete(message).tag);
            has_ended_ = true;
        }
    }
    bool is_complete() const noexcept override { return has_ended_; }
    void ended() noexcept override { changed_.set(); }
    std::string_view statement() const noexcept override { return sql_; }

private:
    std::string sql_;
    std::string tag_;
    bool has_ended_ = false;
    Event changed_;
};

class CopyOutExchange final : public CopyExchange {
public:
    CopyOutExchange(Session& session, std::string sql) : CopyExchange(std::move(sql)), session_(session) {}

    bool has_data() const noexcept { return !data_.empty(); }
    std::string take() noexcept {
        was_taken_ = true;
        resume();
        return std::exchange(data_, std::string());
    }
    void resume() noexcept {
        if (std::exchange(is_paused_, false)) session_.transport().resume_reading();
    }

private:
    void received(const wire::Message& message) override {
        if (message.type != wire::MessageType::copy_data) return CopyExchange::received(message);
        data_.append(message.body);
        changed().set();
        if (data_.size() < kHighWater || is_paused_) return;
        is_paused_ = true;
        session_.transport().pause_reading();
    }
    bool may_repeat() const noexcept override { return !was_taken_; }
    void restart() noexcept override {
        resume();
        data_.clear();
    }

    Session& session_;
    std::string data_;
    bool is_paused_ = false;
    bool was_taken_ = false;
};

class CopyInExchange final : public CopyExchange {
public:
    using CopyExchange::CopyExchange;

    // The server waits for data.
    bool is_ready() const noexcept { return is_ready_; }
    void finished() noexcept { is_ready_ = false; }

private:
    bool in_two_parts() const noexcept override { return true; }
    void write_end(std::string& output) override {
        if (!is_ready_ || error()) return;
        is_ready_ = false;
        has_failed_ = true;
        wire::append_copy_fail(output, "the client did not come to the end of its data");
    }
    void received(const wire::Message& message) override {
        if (message.type != wire::MessageType::copy_in_response) return CopyExchange::received(message);
        is_ready_ = true;
        changed().set();
    }
    bool ends_by_itself() const noexcept override { return has_failed_; }
    bool may_repeat() const noexcept override { return false; }
    void restart() noexcept override {}

    bool is_ready_ = false;
    bool has_failed_ = false;  // CopyFail was sent
};

}  // namespace

// --- out of the server -----------------------------------------------------------------------------------------------

class CopyReader::State {
public:
    State(SharedSession session, std::string sql)
        : session_(std::move(session)),
          running_(*session_),
          exchange_(new CopyOutExchange(*session_, std::move(sql))) {
        session_->submit(*exchange_);
    }
    State(const State&) = delete;
    ~State() {
        exchange_->resume();
        session_->drop(*exchange_);
    }

    Coro<std::optional<std::string>> next() {
        while (!exchange_->has_data() && !exchange_->done()) {
            exchange_->changed().clear();
            co_await exchange_->changed().wait();
        }
        if (exchange_->error()) std::rethrow_exception(exchange_->error());
        if (!exchange_->has_data()) co_return std::nullopt;
        co_return exchange_->take();
    }
    const std::string& tag() const noexcept { return exchange_->tag(); }

private:
    SharedSession session_;
    Session::Running running_;
    ExchangeRef<CopyOutExchange> exchange_;
};

CopyReader::CopyReader(SharedSession session, std::string sql)
    : state_(std::make_unique<State>(std::move(session), std::move(sql))) {}
CopyReader::~CopyReader() = default;
Coro<std::optional<std::string>> CopyReader::next() { return state_->next(); }
std::string CopyReader::tag() const { return state_->tag(); }

// --- into the server -------------------------------------------------------------------------------------------------

class CopyWriter::State {
public:
    State(SharedSession session, std::string sql)
        : session_(std::move(session)), running_(*session_), exchange_(new CopyInExchange(std::move(sql))) {
        session_->submit(*exchange_);
    }
    State(const State&) = delete;
    ~State() { session_->drop(*exchange_); }

    Coro<> write(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::string_view piece = bytes.substr(0, kCopyPiece);
            bytes.remove_prefix(piece.size());
            co_await wait_until_ready();
            message_.clear();
            wire::append_copy_data(message_, piece);
            session_->transport().write(message_);
            try {
                co_await StreamWriter(session_->transport().stream()).drain();
            } catch (const OSError&) {
                session_->fail(std::current_exception());
                throw;
            }
        }
    }
    Coro<std::string> finish() {
        co_await wait_until_ready();
        message_.clear();
        wire::append_copy_done(message_);
        session_->transport().write(message_);
        session_->rest_was_sent();
        exchange_->finished();
        co_await session_->finished(*exchange_);
        co_return exchange_->tag();
    }

private:
    // Errors: the server's, which come at any time, once it has ended the exchange.
    Coro<> wait_until_ready() {
        if (exchange_->is_ready() && !exchange_->error()) co_return;
        while (!exchange_->is_ready() && !exchange_->done()) {
            exchange_->changed().clear();
            co_await exchange_->changed().wait();
        }
        if (exchange_->error()) co_await session_->finished(*exchange_);
        if (exchange_->done()) throw db::InterfaceError("COPY: the server did not ask for data");
    }

    SharedSession session_;
    Session::Running running_;
    ExchangeRef<CopyInExchange> exchange_;
    std::string message_;
};

CopyWriter::CopyWriter(SharedSession session, std::string sql)
    : state_(std::make_unique<State>(std::move(session), std::move(sql))) {}
CopyWriter::~CopyWriter() = default;
Coro<> CopyWriter::write(std::string_view bytes) { return state_->write(bytes); }
Coro<std::string> CopyWriter::finish() { return state_->finish(); }

// --- records ---------------------------------------------------------------------------------------------------------

Coro<CopyTypes> copy_types(SharedSession session, std::string sql) {
    const Session::Running running(*session);
    const auto statement = co_await prepare(*session, sql);
    CopyTypes types{{}, session->types()};
    for (std::size_t i = 0; i < statement->columns.size(); ++i) {
        const Column& column = statement->columns[i];
        if (!types.catalog->has_binary(column.type)) {
            throw db::InterfaceError("copy_records_to_table: the column \"" + std::string(statement->names[i]) +
                                     "\" has the type " + types.catalog->name(column.type) +
                                     ", whose binary format is not known: use copy_to_table() with text");
        }
        types.columns.push_back(column.type);
    }
    co_return types;
}

void begin_records(std::string& bytes) {
    constexpr std::string_view kSignature("PGCOPY\n\xff\r\n\0", 11);
    constexpr std::size_t kFlagsAndExtension = 8;
    bytes.append(kSignature).append(kFlagsAndExtension, '\0');
}

void append_record(std::string& bytes, const Parameters& values) {
    wire::append_u16(bytes, static_cast<std::uint16_t>(values.size()));
    bytes.append(values.values());
}

void end_records(std::string& bytes) { wire::append_u16(bytes, 0xffff); }

// --- the command -----------------------------------------------------------------------------------------------------

namespace {

std::string column_list(const CopyOptions& options) {
    std::string list;
    for (const std::string_view column : options.columns) {
        list += (list.empty() ? "" : ", ") + quoted_name(column);
    }
    return list;
}

std::string table_name(std::string_view table, const CopyOptions& options) {
    return (options.schema.empty() ? "" : quoted_name(options.schema) + ".") + quoted_name(table);
}

std::string table_and_columns(std::string_view table, const CopyOptions& options) {
    const std::string columns = column_list(options);
    return table_name(table, options) + (columns.empty() ? "" : " (" + columns + ")");
}

std::string with_options(const CopyOptions& options) {
    static constexpr const char* kFormats[] = {"text", "csv", "binary"};
    std::string text = " WITH (FORMAT ";
    text += kFormats[static_cast<int>(options.format)];
    if (options.header) text += ", HEADER";
    const auto add = [&text](const char* name, const std::optional<std::string_view>& value) {
        if (value) text += std::string(", ") + name + " " + quoted_literal(*value);
    };
    add("DELIMITER", options.delimiter);
    add("NULL", options.null);
    add("QUOTE", options.quote);
    add("ESCAPE", options.escape);
    add("ENCODING", options.encoding);
    return text + ")";
}

}  // namespace

std::string copy_out_of_query(std::string_view query, const CopyOptions& options) {
    return "COPY (" + std::string(query) + copy_out_end(options);
}
std::string copy_out_end(const CopyOptions& options) { return ") TO STDOUT" + with_options(options); }
std::string copy_out_of_table(std::string_view table, const CopyOptions& options) {
    return "COPY " + table_and_columns(table, options) + " TO STDOUT" + with_options(options);
}
std::string copy_into_table(std::string_view table, const CopyOptions& options) {
    const std::string where = options.where.empty() ? "" : " WHERE " + std::string(options.where);
    return "COPY " + table_and_columns(table, options) + " FROM STDIN" + with_options(options) + where;
}
std::string select_columns(std::string_view table, const CopyOptions& options) {
    const std::string columns = column_list(options);
    return "SELECT " + (columns.empty() ? "*" : columns) + " FROM " + table_name(table, options);
}

}  // namespace aio::pg::detail
