// What an SQLSTATE means: the name of its class, and the name that drivers give to the error.
#pragma once

#include "db/pg/wire/sqlstate_table.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace aio::pg::wire {

namespace sqlstate_detail {

constexpr std::string_view find_name(const SqlstateName* begin, const SqlstateName* end,
                                     std::string_view code) noexcept {
    const SqlstateName* at = std::lower_bound(
        begin, end, code, [](const SqlstateName& entry, std::string_view wanted) { return entry.code < wanted; });
    return at != end && at->code == code ? at->name : std::string_view();
}

constexpr bool is_sorted(const SqlstateName* begin, const SqlstateName* end) noexcept {
    for (const SqlstateName* at = begin; at + 1 < end; ++at) {
        if (at->code >= at[1].code) return false;
    }
    return true;
}

static_assert(is_sorted(std::begin(kSqlstateClasses), std::end(kSqlstateClasses)));
static_assert(is_sorted(std::begin(kSqlstateErrors), std::end(kSqlstateErrors)));

}  // namespace sqlstate_detail

// "Integrity Constraint Violation" of "23505", as the manual's appendix A has it; empty for an unknown class.
constexpr std::string_view sqlstate_class(std::string_view code) noexcept {
    return sqlstate_detail::find_name(std::begin(kSqlstateClasses), std::end(kSqlstateClasses), code.substr(0, 2));
}

// "UniqueViolationError" of "23505"; empty for an unknown code.
constexpr std::string_view sqlstate_name(std::string_view code) noexcept {
    return sqlstate_detail::find_name(std::begin(kSqlstateErrors), std::end(kSqlstateErrors), code);
}

// The same; for an unknown code the name of its class's general error ("IntegrityConstraintViolationError" of "23999"), as
// the standard asks; for an unknown class empty.
constexpr std::string_view nearest_sqlstate_name(std::string_view code) noexcept {
    const std::string_view name = sqlstate_name(code);
    if (!name.empty() || code.size() != 5) return name;
    const char general[] = {code[0], code[1], '0', '0', '0'};
    return sqlstate_name({general, sizeof general});
}

// "23505" of "UniqueViolationError"; empty for an unknown name.
constexpr std::string_view sqlstate_of(std::string_view name) noexcept {
    for (const SqlstateName& entry : kSqlstateErrors) {
        if (entry.name == name) return entry.code;
    }
    return {};
}

}  // namespace aio::pg::wire
