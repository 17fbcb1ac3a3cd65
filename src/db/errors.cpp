// Which exception a SQLSTATE becomes, and what it says.
#include <aio/db/errors.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace aio::db {

namespace {

// "message\nDETAIL: …\nHINT: …", as psql prints it.
std::string describe(const ErrorReport& report) {
    std::string text = report.message;
    if (!report.detail.empty()) text += "\nDETAIL: " + report.detail;
    if (!report.hint.empty()) text += "\nHINT: " + report.hint;
    if (!report.statement.empty()) text += "\nSTATEMENT: " + report.statement;
    return text;
}

template <class E>
std::exception_ptr make(ErrorReport&& report) {
    return std::make_exception_ptr(E(std::move(report)));
}

struct Maker {
    std::string_view state;  // five characters, or the two of a class
    std::exception_ptr (*make)(ErrorReport&&);
};

// Sorted. A code is looked for first, then its class.
constexpr Maker kMakers[] = {
    {"08", make<OperationalError>},
    {"0A", make<NotSupportedError>},
    {"22", make<DataError>},
    {"23", make<IntegrityError>},
    {"23502", make<NotNullViolationError>},
    {"23503", make<ForeignKeyViolationError>},
    {"23505", make<UniqueViolationError>},
    {"23514", make<CheckViolationError>},
    {"23P01", make<ExclusionViolationError>},
    {"25", make<TransactionError>},
    {"26", make<ProgrammingError>},
    {"28", make<AuthenticationError>},
    {"34", make<ProgrammingError>},
    {"3D", make<ProgrammingError>},
    {"3F", make<ProgrammingError>},
    {"40", make<TransactionError>},
    {"40001", make<SerializationError>},
    {"40P01", make<DeadlockDetectedError>},
    {"42", make<ProgrammingError>},
    {"42501", make<InsufficientPrivilegeError>},
    {"42601", make<SyntaxError>},
    {"42703", make<UndefinedColumnError>},
    {"42P01", make<UndefinedTableError>},
    {"42P07", make<DuplicateTableError>},
    {"53", make<OperationalError>},
    {"53300", make<TooManyConnectionsError>},
    {"54", make<OperationalError>},
    {"55", make<OperationalError>},
    {"55P03", make<LockNotAvailableError>},
    {"57", make<OperationalError>},
    {"57014", make<QueryCanceledError>},
    {"57P01", make<ServerShutdownError>},
    {"57P02", make<ServerShutdownError>},
    {"57P03", make<ServerShutdownError>},
    {"58", make<OperationalError>},
    {"XX", make<InternalError>},
};

constexpr bool kSorted = std::ranges::is_sorted(kMakers, {}, &Maker::state);
static_assert(kSorted);

const Maker* find(std::string_view state) noexcept {
    const Maker* const found = std::ranges::lower_bound(kMakers, state, {}, &Maker::state);
    return found != std::end(kMakers) && found->state == state ? found : nullptr;
}

}  // namespace

DatabaseError::DatabaseError(ErrorReport report)
    : Error(describe(report)), report_(std::make_shared<const ErrorReport>(std::move(report))) {}

std::exception_ptr make_database_error(ErrorReport report) {
    const std::string state = report.sqlstate;
    return make_database_error(std::move(report), state);
}

std::exception_ptr make_database_error(ErrorReport report, std::string_view state) {
    const Maker* maker = find(state);
    if (!maker) maker = find(state.substr(0, 2));
    return maker ? maker->make(std::move(report)) : make<DatabaseError>(std::move(report));
}

}  // namespace aio::db
