// Parameters, quoted strings, extended values (RFC 8187) and Content-Disposition. The parameters of WebSocket
// extensions follow other rules: ws_deflate.cpp.
#include "http/wire/parameters.hpp"

#include <aio/http/url.hpp>

#include "http/wire/charset.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <array>

namespace aio::http::wire {

namespace {

// White space around "=" and ";" is more than RFC 9110 allows, but common.
void skip_spaces(std::string_view& text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

// `text` begins with a quote. False: there is no second one.
bool take_quoted(std::string_view& text, Escapes escapes, std::string& value) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            text.remove_prefix(i + 1);
            return true;
        }
        const bool last = i + 1 == text.size();
        if (c == '\\' && !last && (escapes == Escapes::all || text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
        value += text[i];
    }
    return false;
}

std::string take_name(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && is_token_char(text[size])) ++size;
    std::string name = lowered(text.substr(0, size));
    text.remove_prefix(size);
    return name;
}

void add_first(Parameters& parameters, std::string name, std::string value) {
    for (const auto& [other, unused] : parameters) {
        if (other == name) return;
    }
    parameters.emplace_back(std::move(name), std::move(value));
}

}  // namespace

std::optional<Parameters> parse_parameters(std::string_view text, Escapes escapes) {
    Parameters parameters;
    while (true) {
        skip_spaces(text);
        if (text.empty()) return parameters;
        if (text.front() != ';') return std::nullopt;
        text.remove_prefix(1);
        skip_spaces(text);
        if (text.empty() || text.front() == ';') continue;
        std::string name = take_name(text);
        skip_spaces(text);
        if (name.empty() || text.empty() || text.front() != '=') return std::nullopt;
        text.remove_prefix(1);
        skip_spaces(text);
        std::string value;
        if (text.starts_with('"')) {
            if (!take_quoted(text, escapes, value)) return std::nullopt;
        } else {
            value = trimmed(text.substr(0, text.find(';')));
            text.remove_prefix(std::min(text.find(';'), text.size()));
        }
        add_first(parameters, std::move(name), std::move(value));
    }
}

std::string_view parameter(const Parameters& parameters, std::string_view name) noexcept {
    for (const auto& [other, value] : parameters) {
        if (equal_ignoring_case(other, name)) return value;
    }
    return {};
}

std::optional<std::string> decode_extended(std::string_view text) {
    const std::string_view charset = take_until(text, '\'');
    const std::size_t quote_mark = text.find('\'');
    if (quote_mark == std::string_view::npos) return std::nullopt;
    const std::string bytes = unquote(text.substr(quote_mark + 1));
    const bool latin = equal_ignoring_case(charset, "iso-8859-1");
    if (!latin && !equal_ignoring_case(charset, "utf-8")) return std::nullopt;
    try {
        return to_utf8(bytes, charset);
    } catch (const UnicodeDecodeError&) {
        return std::nullopt;
    }
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    result += '"';
    return result;
}

std::string quoted_if_needed(std::string_view text) { return is_token(text) ? std::string(text) : quoted(text); }

namespace {

// The three bytes that browsers cannot leave as they are in a form's names (WHATWG Fetch, "parse a multipart/form-data
// name"). Any other "%" stands for itself.
std::string unescaped(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, char>, 3> kEscapes = {
        {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}}};
    std::string result;
    while (!text.empty()) {
        std::size_t size = 1;
        char c = text.front();
        for (const auto& [escape, meant] : kEscapes) {
            if (!starts_ignoring_case(text, escape)) continue;
            size = escape.size();
            c = meant;
        }
        result += c;
        text.remove_prefix(size);
    }
    return result;
}

}  // namespace

std::optional<Disposition> parse_disposition(std::string_view text) {
    const std::size_t end = std::min(text.find(';'), text.size());
    Disposition disposition;
    disposition.type = lowered(trimmed(text.substr(0, end)));
    if (!is_token(disposition.type)) return std::nullopt;
    const auto parameters = parse_parameters(text.substr(end), Escapes::some);
    if (!parameters) return std::nullopt;
    for (const auto& [name, value] : *parameters) {
        if (name == "name") disposition.name = unescaped(value);
        if (name == "filename" && !disposition.filename) disposition.filename = unescaped(value);
        if (name != "filename*") continue;
        if (auto decoded = decode_extended(value)) disposition.filename = std::move(*decoded);
    }
    return disposition;
}

}  // namespace aio::http::wire
