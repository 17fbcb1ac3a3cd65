// The errors that a database server reports: one class for each kind, selected by the SQLSTATE. Codes that are not listed
// become the class of their family, or DatabaseError ("P0001", RAISE EXCEPTION).
//
//     try {
//         co_await connection.execute("INSERT INTO users(name) VALUES($1)", name);
//     } catch (const aio::db::UniqueViolationError& error) {
//         fmt::print("{} is taken already ({})\n", name, error.report().constraint);
//     }
//
//   Error
//     DatabaseError
//       OperationalError            the server could not: connections, resources, locks, shutdown (08, 53, 54, 55, 57, 58)
//         LockNotAvailableError     55P03: another transaction holds the lock; SQLite's "database is locked"
//         QueryCanceledError        57014: by a cancel request or statement_timeout
//         ServerShutdownError       57P01, 57P02, 57P03: it shuts down, crashed, or starts up
//         TooManyConnectionsError   53300
//       AuthenticationError         28: wrong user or password
//       DataError                   22: a value does not fit: overflow, division by zero, invalid text
//       IntegrityError              23
//         NotNullViolationError     23502
//         ForeignKeyViolationError  23503
//         UniqueViolationError      23505
//         CheckViolationError       23514
//         ExclusionViolationError   23P01
//       TransactionError            25, 40: the transaction has failed and can only be rolled back
//         SerializationError        40001: run the transaction again
//         DeadlockDetectedError     40P01: likewise
//       ProgrammingError            26, 34, 3D, 3F, 42: the statement is wrong
//         SyntaxError               42601
//         InsufficientPrivilegeError 42501
//         UndefinedTableError       42P01
//         UndefinedColumnError      42703
//         DuplicateTableError       42P07
//       NotSupportedError           0A
//       InternalError               XX: a fault of the server
//     InterfaceError                the connection is closed or lost, or is used in a way that it does not allow
//     NoRowError                    fetchval() of a statement that returned no row
//
// Source: PEP 249 for the families, SQL:2016 and the PostgreSQL 17 manual, appendix A, for the codes; asyncpg for the names.
#pragma once

#include <aio/base/error.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::db {

// The fields of a server's error or notice. A field that was not sent is empty.
struct ErrorReport {
    std::string severity;  // "ERROR", "FATAL"
    std::string sqlstate;  // "23505"
    std::string message;   // "duplicate key value violates unique constraint \"users_pkey\""
    std::string detail, hint;
    std::optional<std::int32_t> position;  // in the statement, in characters, from 1 on
    std::string where;                     // the call stack of functions in the database
    std::string schema, table, column, datatype, constraint;
    std::string routine;  // in the server's source
    // The database's own number beside the SQLSTATE: MySQL's error number, SQLite's extended result code; 0: it has none.
    std::int32_t code = 0;
    std::string statement;  // that failed; cut after 1,000 bytes
};

// An error that a server reported. what(): its message, detail and hint, and the statement without its arguments.
class DatabaseError : public Error {
public:
    explicit DatabaseError(ErrorReport report);
    // All fields of the server's report.
    const ErrorReport& report() const noexcept { return *report_; }
    // The five characters that name the kind of error.
    const std::string& sqlstate() const noexcept { return report_->sqlstate; }

private:
    std::shared_ptr<const ErrorReport> report_;
};

class OperationalError : public DatabaseError {
    using DatabaseError::DatabaseError;
};
class LockNotAvailableError : public OperationalError {
    using OperationalError::OperationalError;
};
class QueryCanceledError : public OperationalError {
    using OperationalError::OperationalError;
};
class ServerShutdownError : public OperationalError {
    using OperationalError::OperationalError;
};
class TooManyConnectionsError : public OperationalError {
    using OperationalError::OperationalError;
};
class AuthenticationError : public DatabaseError {
    using DatabaseError::DatabaseError;
};
class DataError : public DatabaseError {
    using DatabaseError::DatabaseError;
};
class IntegrityError : public DatabaseError {
    using DatabaseError::DatabaseError;
};
class NotNullViolationError : public IntegrityError {
    using IntegrityError::IntegrityError;
};
class ForeignKeyViolationError : public IntegrityError {
    using IntegrityError::IntegrityError;
};
class UniqueViolationError : public IntegrityError {
    using IntegrityError::IntegrityError;
};
class CheckViolationError : public IntegrityError {
    using IntegrityError::IntegrityError;
};
class ExclusionViolationError : public IntegrityError {
    using IntegrityError::IntegrityError;
};
class TransactionError : public DatabaseError {
    using DatabaseError::DatabaseError;
};
class SerializationError : public TransactionError {
    using TransactionError::TransactionError;
};
class DeadlockDetectedError : public TransactionError {
    using TransactionError::TransactionError;
};
class ProgrammingError : public DatabaseError {
    using DatabaseError::DatabaseError;
};
class SyntaxError : public ProgrammingError {
    using ProgrammingError::ProgrammingError;
};
class InsufficientPrivilegeError : public ProgrammingError {
    using ProgrammingError::ProgrammingError;
};
class UndefinedTableError : public ProgrammingError {
    using ProgrammingError::ProgrammingError;
};
class UndefinedColumnError : public ProgrammingError {
    using ProgrammingError::ProgrammingError;
};
class DuplicateTableError : public ProgrammingError {
    using ProgrammingError::ProgrammingError;
};
class NotSupportedError : public DatabaseError {
    using DatabaseError::DatabaseError;
};
class InternalError : public DatabaseError {
    using DatabaseError::DatabaseError;
};

// The connection cannot do this: it is closed, or was lost; or it is used in a way that it does not allow.
class InterfaceError : public Error {
public:
    using Error::Error;
};

// fetchval() of a statement that returned no row.
class NoRowError : public Error {
public:
    using Error::Error;
};

// The exception for a report: the class of its SQLSTATE, else that of the state's first two characters.
std::exception_ptr make_database_error(ErrorReport report);
// The same for a report whose SQLSTATE says too little, or something else: the class is that of `state`.
std::exception_ptr make_database_error(ErrorReport report, std::string_view state);

}  // namespace aio::db
