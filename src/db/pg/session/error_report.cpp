// Copies the fields, since a message's body does not outlive it.
#include "db/pg/session/error_report.hpp"

#include "db/pg/wire/report.hpp"

#include <string>

namespace aio::pg::detail {

db::ErrorReport report_of(const wire::Message& message, std::string_view statement) {
    constexpr std::size_t kMostOfAStatement = 1'000;
    const wire::Report fields = wire::parse_report(message);
    const auto text = [](std::string_view field) { return std::string(field); };
    db::ErrorReport report;
    report.severity = text(fields.severity_unlocalized.empty() ? fields.severity : fields.severity_unlocalized);
    report.sqlstate = text(fields.sqlstate);
    report.message = text(fields.message);
    report.detail = text(fields.detail);
    report.hint = text(fields.hint);
    report.position = fields.position;
    report.where = text(fields.where);
    report.schema = text(fields.schema);
    report.table = text(fields.table);
    report.column = text(fields.column);
    report.datatype = text(fields.datatype);
    report.constraint = text(fields.constraint);
    report.routine = text(fields.routine);
    report.statement = text(statement.substr(0, kMostOfAStatement));
    return report;
}

}  // namespace aio::pg::detail
