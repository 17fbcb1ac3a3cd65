// Which class an error of MySQL or MariaDB has: by its number, where the SQLSTATE says too little.
//
// Source: MySQL 8.0 error message reference; MariaDB 10.11, "MariaDB Error Codes".
#include "db/mysql/session/error_report.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace aio::mysql::detail {

namespace {

struct NumberedState {
    int number;
    std::string_view state;  // whose class in db/errors.hpp it has
};

// Sorted by number.
constexpr NumberedState kStates[] = {
    {1040, "53300"},                   // too many connections
    {1041, "53"},                      // out of memory
    {1044, "42501"},                   // no access to the database
    {1046, "3D"},                      // no database selected
    {1048, "23502"},                   // a column cannot be NULL
    {1053, "57P01"},                   // shutdown in progress
    {1062, "23505"},                   // duplicate entry
    {1064, "42601"},                   // syntax
    {1065, "42601"},                   // empty query
    {1099, "55"},                      // a table is locked for reading
    {1114, "53"},                      // the table is full
    {1142, "42501"},                   // no access to the table
    {1143, "42501"},                   // no access to the column
    {1149, "42601"},                   // syntax
    {1169, "23505"},                   // unique constraint
    {1203, "53300"},                   // the user has too many connections
    {1205, "55P03"},                   // lock wait timeout
    {1213, "40P01"},                   // deadlock
    {1216, "23503"},                   // foreign keys…
    {1217, "23503"}, {1226, "53300"},  // a resource of the user's is used up
    {1227, "42501"},                   // a privilege is missing
    {1235, "0A"},                      // not supported yet
    {1264, "22"},                      // out of range
    {1265, "22"},                      // data truncated
    {1292, "22"},                      // a wrong value
    {1295, "0A"},                      // not in the prepared protocol
    {1317, "57014"},                   // interrupted
    {1364, "23502"},                   // no default value
    {1365, "22"},                      // division by zero
    {1366, "22"},                      // a wrong value
    {1367, "22"},                      // an illegal value
    {1370, "42501"},                   // no access to the routine
    {1406, "22"},                      // data too long
    {1411, "22"},                      // a wrong value for a function
    {1451, "23503"},                   // foreign keys…
    {1452, "23503"}, {1557, "23505"},  // duplicate entry by a foreign key
    {1586, "23505"},                   // duplicate entry
    {1690, "22"},                      // out of range
    {1761, "23505"},                   // duplicate entry by a foreign key
    {1762, "23505"}, {1859, "23505"},  // duplicate entry
    {1927, "57P01"},                   // the connection was killed
    {1969, "57014"},                   // max_statement_time
    {3024, "57014"},                   // max_execution_time
    {3572, "55P03"},                   // NOWAIT
    {3819, "23514"},                   // a check is violated, in MySQL
    {4025, "23514"},                   // in MariaDB
    {4031, "57P01"},                   // idle for too long
};
constexpr bool kSortedStates = std::ranges::is_sorted(kStates, {}, &NumberedState::number);
static_assert(kSortedStates);

// Empty: as its SQLSTATE says.
std::string_view state_of_number(int number) noexcept {
    const NumberedState* const found = std::ranges::lower_bound(kStates, number, {}, &NumberedState::number);
    return found != std::end(kStates) && found->number == number ? found->state : std::string_view();
}

std::string_view state_of(const db::ErrorReport& report) noexcept {
    if (const std::string_view state = state_of_number(report.code); !state.empty()) return state;
    if (report.sqlstate == "42S02") return "42P01";  // no such table
    if (report.sqlstate == "42S22") return "42703";  // no such column
    if (report.sqlstate == "42S01") return "42P07";  // the table is there already
    if (report.sqlstate == "70100") return "57014";  // interrupted
    if (report.sqlstate == "XA100") return "40";
    if (report.sqlstate == "HY000") return "58";  // anything else that the server could not do
    return report.sqlstate;
}

}  // namespace

db::ErrorReport report_of(const wire::ErrorPacket& error, std::string_view statement) {
    constexpr std::size_t kMostOfAStatement = 1'000;
    db::ErrorReport report;
    report.severity = "ERROR";
    report.code = error.code;
    report.sqlstate = std::string(error.sqlstate.empty() ? std::string_view("HY000") : error.sqlstate);
    report.message = std::string(error.message);
    report.statement = std::string(statement.substr(0, kMostOfAStatement));
    return report;
}

std::exception_ptr make_error(const wire::ErrorPacket& error, std::string_view statement) {
    db::ErrorReport report = report_of(error, statement);
    const std::string state(state_of(report));
    return db::make_database_error(std::move(report), state);
}

}  // namespace aio::mysql::detail
