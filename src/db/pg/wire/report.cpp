// The fields of errors and notices, each with a letter before it.
#include "db/pg/wire/report.hpp"

#include "db/pg/wire/body.hpp"

#include <charconv>

namespace aio::pg::wire {

namespace {

// What is no number is as good as absent: the report still says the rest.
std::optional<std::int32_t> position_of(std::string_view text) noexcept {
    std::int32_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || stop != text.data() + text.size() || number < 1) return std::nullopt;
    return number;
}

void set_field(Report& report, char letter, std::string_view text) noexcept {
    switch (letter) {
        case 'S': report.severity = text; break;
        case 'V': report.severity_unlocalized = text; break;
        case 'C': report.sqlstate = text; break;
        case 'M': report.message = text; break;
        case 'D': report.detail = text; break;
        case 'H': report.hint = text; break;
        case 'P': report.position = position_of(text); break;
        case 'p': report.internal_position = position_of(text); break;
        case 'q': report.internal_query = text; break;
        case 'W': report.where = text; break;
        case 's': report.schema = text; break;
        case 't': report.table = text; break;
        case 'c': report.column = text; break;
        case 'd': report.datatype = text; break;
        case 'n': report.constraint = text; break;
        case 'F': report.file = text; break;
        case 'L': report.line = text; break;
        case 'R': report.routine = text; break;
        default: break;
    }
}

}  // namespace

Report parse_report(const Message& message) {
    Body body(message, message.type);
    Report report;
    while (true) {
        const char letter = body.byte("the letter of a field");
        if (letter == '\0') break;
        set_field(report, letter, body.c_string("a field"));
    }
    body.finish();
    return report;
}

}  // namespace aio::pg::wire
