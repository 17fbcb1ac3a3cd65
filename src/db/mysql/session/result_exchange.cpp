// What the packets of a result are kept as. The packets: wire/result_reader.cpp.
#include "db/mysql/session/result_exchange.hpp"

#include <aio/db/errors.hpp>

#include "db/mysql/wire/client_packets.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/row.hpp"
#include "db/words.hpp"

#include <algorithm>
#include <utility>

namespace aio::mysql::detail {

std::shared_ptr<ResultData> ResultExchange::main_result() const {
    for (const auto& result : results) {
        if (result->columns) return result;
    }
    return results.empty() ? std::make_shared<ResultData>() : results.back();
}

ResultData& ResultExchange::current() {
    if (!current_) {
        current_ = std::make_shared<ResultData>();
        current_->format = format_;
    }
    return *current_;
}

bool ResultExchange::received(Session& session, std::string_view payload) {
    using Event = wire::ResultReader::Event;
    const Event event = reader_.read(payload);
    const bool is_over = reader_.is_over();
    if (event == Event::ok || event == Event::rows_end) session.note_status(reader_.end().status);
    if (is_over) reader_.begin();  // the answer to the next command
    if (event == Event::error) {
        fail(session, payload);
    } else if (event == Event::file) {
        file_wanted(session, payload.substr(1));
    } else if (is_wanted()) {
        try {
            take(session, event, payload);
        } catch (const std::bad_alloc&) {
            fail(std::current_exception());
        }
    }
    return is_over;
}

void ResultExchange::take(Session&, wire::ResultReader::Event event, std::string_view payload) {
    using Event = wire::ResultReader::Event;
    switch (event) {
        case Event::columns:
            columns_taken_ = 0;
            columns_.begin(reader_.column_count(), known_columns());
            return;
        case Event::column:
            columns_.take(payload);
            if (++columns_taken_ < reader_.column_count()) return;
            current().columns = columns_.columns();
            if (results.empty()) note_columns(columns_.columns());
            return;
        case Event::row: return take_row(payload);
        case Event::rows_end:
        case Event::ok: return take_end();
        default: return;
    }
}

void ResultExchange::take_row(std::string_view payload) {
    ResultData& result = current();
    if (wanted_ == RowsWanted::none || (wanted_ == RowsWanted::first && result.rows() > 0)) {
        result.check_row(payload);
    } else {
        result.add_row(payload);
    }
}

void ResultExchange::take_end() {
    const wire::Ok& end = reader_.end();
    ResultData& result = current();
    result.done.affected_rows = end.affected_rows;
    result.done.insert_id = end.insert_id;
    result.done.warnings = end.warnings;
    result.done.info = std::string(end.info);
    result.has_more = (end.status & wire::kCursorExists) != 0 && (end.status & wire::kLastRowSent) == 0;
    result.has_outputs = (end.status & wire::kOutParameters) != 0;
    results.push_back(std::exchange(current_, nullptr));
}

// An empty packet is an empty file.
void ResultExchange::file_wanted(Session& session, std::string_view) {
    if (!session.options().local_files) {
        throw wire::ProtocolError("MySQL: the server asks for a file, though LOAD DATA LOCAL was not agreed upon");
    }
    std::string packet;
    set_sequence(wire::append_packet(packet, sequence(), {}));
    session.send(packet);
    fail(std::make_exception_ptr(db::InterfaceError(
        "LOAD DATA LOCAL: the server asks for a file of this machine, which no statement sends: use load_data()")));
}

// --- what statements do ----------------------------------------------------------------------------------------------

using db::detail::begins_with_one;
using db::detail::mentions;

bool leaves_nothing(std::string_view sql) noexcept {
    if (sql.find(';') != std::string_view::npos) return false;
    if (mentions(sql, "lock(") || mentions(sql, "nextval") || mentions(sql, ":=")) return false;
    return begins_with_one(sql, "select", "insert", "update", "delete", "replace", "with", "values", "show", "do");
}

bool may_change_session(std::string_view sql) noexcept {
    if (sql.find(';') != std::string_view::npos || sql.find('@') != std::string_view::npos) return true;
    if (mentions(sql, "lock(")) return true;
    return !begins_with_one(sql, "select", "insert", "update", "delete", "replace", "with", "values", "show");
}

}  // namespace aio::mysql::detail
