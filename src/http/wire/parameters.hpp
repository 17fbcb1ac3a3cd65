// Parameters behind a header's value: `; charset=utf-8; filename="a b.txt"; filename*=UTF-8''%c3%a9.txt`.
// Source: RFC 9110 section 5.6.6 and 5.6.4; RFC 8187 (names with "*"); RFC 6266 (Content-Disposition).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http::wire {

// Names in lower case, values unquoted.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// In a quoted value a backslash quotes any character (RFC 9110), or only `"` and `\`: file names of Windows come with
// backslashes that are meant as such.
enum class Escapes : bool { all, some };

// `text` stands behind the value and begins with ";" or is empty. Empty parameters are skipped, and the first of equal
// names counts. Nothing: it is none of it.
std::optional<Parameters> parse_parameters(std::string_view text, Escapes escapes = Escapes::all);
// The value; empty if there is none.
std::string_view parameter(const Parameters& parameters, std::string_view name) noexcept;

// The bytes, in UTF-8, of "UTF-8'en'%c3%a9"; also from ISO-8859-1. Nothing if it is something else.
std::optional<std::string> decode_extended(std::string_view text);

// In quotes, with a backslash before those that it has and before backslashes.
std::string quoted(std::string_view text);
// `text` as a token if it is one, else in quotes.
std::string quoted_if_needed(std::string_view text);

// A Content-Disposition: "form-data", "attachment"; file names of both spellings, that with "*" first.
struct Disposition {
    Disposition() noexcept {}
    std::string type;  // lower case
    std::string name;
    std::optional<std::string> filename;
};
std::optional<Disposition> parse_disposition(std::string_view text);

}  // namespace aio::http::wire
