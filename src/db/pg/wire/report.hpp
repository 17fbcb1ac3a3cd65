// ErrorResponse and NoticeResponse: the fields by which a server says what happened.
//
// Source: PostgreSQL 17 manual, 53.7 and 53.8 (the fields).
#pragma once

#include "db/pg/wire/message_reader.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace aio::pg::wire {

// Views of the message's body. To keep a report, keep a copy of the body and parse that. A field that did not come is empty.
struct Report {
    std::string_view severity;              // "ERROR", in the language of the server's messages
    std::string_view severity_unlocalized;  // "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE"…, always in English
    std::string_view sqlstate;              // "23505"
    std::string_view message, detail, hint;
    std::optional<std::int32_t> position;           // in the query, in characters, from 1 on
    std::optional<std::int32_t> internal_position;  // in internal_query
    std::string_view internal_query;                // of a PL/pgSQL function, for example
    std::string_view where;                         // call stack of functions
    std::string_view schema, table, column, datatype, constraint;
    std::string_view file, line, routine;  // in the server's source
};

// Fields that this client does not know are skipped, as the manual asks. Errors: ProtocolError.
Report parse_report(const Message& message);

}  // namespace aio::pg::wire
