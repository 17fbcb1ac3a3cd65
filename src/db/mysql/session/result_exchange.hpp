// Exchanges whose answers are results: rows, and what was done. Internal.
#pragma once

#include <aio/mysql/execution.hpp>

#include "db/mysql/session/columns.hpp"
#include "db/mysql/session/exchange.hpp"
#include "db/mysql/session/result_data.hpp"
#include "db/mysql/session/session.hpp"
#include "db/mysql/wire/result_reader.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::mysql::detail {

class ResultExchange : public Exchange {
public:
    // Of all results that it gets: of a statement that has several, or of many executions. The first one with rows, or else the last
    // one, is what most callers want.
    std::vector<std::shared_ptr<ResultData>> results;
    std::shared_ptr<ResultData> main_result() const;

protected:
    ResultExchange(Session& session, Format format, RowsWanted wanted, Dropped dropped, Effect effect)
        : Exchange(dropped, effect), reader_(session.has_no_eof()), format_(format), wanted_(wanted) {}

    bool received(Session& session, std::string_view payload) override;
    void restart() noexcept override {
        results.clear();
        current_ = nullptr;
        reader_.begin();
    }
    // The columns that the statement had last time; null: not known.
    virtual std::shared_ptr<const Columns> known_columns() const { return nullptr; }
    virtual void note_columns(const std::shared_ptr<const Columns>&) {}
    // The server asks for a file. Otherwise it would wait for ever.
    virtual void file_wanted(Session& session, std::string_view name);

    wire::ResultReader& reader() noexcept { return reader_; }
    // The result whose rows come.
    ResultData& current();
    void set_current(std::shared_ptr<ResultData> result) noexcept { current_ = std::move(result); }

private:
    void take(Session& session, wire::ResultReader::Event event, std::string_view payload);
    void take_row(std::string_view payload);
    void take_end();

    wire::ResultReader reader_;
    ColumnsTaker columns_;
    std::size_t columns_taken_ = 0;
    Format format_;
    RowsWanted wanted_;
    std::shared_ptr<ResultData> current_;
};

// Whether nothing is left of a statement when the server has stopped it: it does not commit on its own.
bool leaves_nothing(std::string_view sql) noexcept;
// Whether it may leave something behind in its session that a reset would remove: settings, variables, locks, temporary tables.
bool may_change_session(std::string_view sql) noexcept;

}  // namespace aio::mysql::detail
