// Reading connection strings. What the options mean: resolve.cpp.
#include "db/pg/conninfo/dsn.hpp"

#include <algorithm>
#include <string>

namespace aio::pg::conninfo {

namespace {

constexpr std::string_view kBlanks = " \t\n\r\v\f";

// --- URIs ------------------------------------------------------------------------------------------------------------

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// `part`: for the message.
std::string decode(std::string_view text, std::string_view part) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            throw ConninfoError(
                "the " + std::string(part) +
                " in the connection URI has a % without two hexadecimal digits; a % itself is written %25");
        }
        if (high == 0 && low == 0) throw ConninfoError("the " + std::string(part) + " in the connection URI has %00");
        result += static_cast<char>(high << 4 | low);
        i += 2;
    }
    return result;
}

// Takes off `rest` what is in front of the first of `ends`, which stays.
std::string_view take_until(std::string_view& rest, std::string_view ends) noexcept {
    const std::string_view result = rest.substr(0, rest.find_first_of(ends));
    rest.remove_prefix(result.size());
    return result;
}

bool take(std::string_view& rest, char c) noexcept {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
}

void read_credentials(Options& options, std::string_view& rest) {
    const std::size_t at = rest.find_first_of("@/");
    if (at == rest.npos || rest[at] != '@') return;
    std::string_view credentials = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const std::string_view user = take_until(credentials, ":");
    if (!user.empty()) options["user"] = decode(user, "user");
    if (take(credentials, ':') && !credentials.empty()) options["password"] = decode(credentials, "password");
}

std::string_view take_host(std::string_view& rest) {
    if (!take(rest, '[')) return take_until(rest, ":/?,");
    const std::size_t close = rest.find(']');
    if (close == rest.npos) throw ConninfoError("the connection URI has a [ without its ] around an IPv6 address");
    if (close == 0) throw ConninfoError("the connection URI has an empty IPv6 address, []");
    const std::string_view host = rest.substr(0, close);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && std::string_view(":/?,").find(rest.front()) == std::string_view::npos) {
        throw ConninfoError(
            "the connection URI has something behind the ] of an IPv6 address; only : / ? or , may follow");
    }
    return host;
}

// Lists separated by commas, as the options have them.
void read_hosts(Options& options, std::string_view& rest) {
    std::string hosts, ports;
    bool any_port = false;
    for (bool first = true; first || take(rest, ','); first = false) {
        if (!first) {
            hosts += ',';
            ports += ',';
        }
        hosts += take_host(rest);
        if (!take(rest, ':')) continue;
        const std::string_view port = take_until(rest, "/?,");
        any_port = any_port || !port.empty();
        ports += port;
    }
    if (!hosts.empty()) options["host"] = decode(hosts, "host");
    if (any_port) options["port"] = decode(ports, "port");
}

void read_query(Options& options, std::string_view rest) {
    while (!rest.empty()) {
        std::string_view pair = take_until(rest, "&");
        take(rest, '&');
        const std::string_view quoted_name = take_until(pair, "=");
        const std::string name = decode(quoted_name, "name of an option");
        if (!take(pair, '='))
            throw ConninfoError("an option in the connection URI has no value: it is written name=value");
        if (pair.find('=') != pair.npos) {
            throw ConninfoError("an option in the connection URI has a second =; in a value it is written %3D");
        }
        std::string value = decode(pair, "value of an option");
        if (name == "ssl" && value == "true") {  // as JDBC has it
            options["sslmode"] = "require";
        } else {
            set_option(options, name, std::move(value));
        }
    }
}

Options parse_uri(std::string_view rest) {
    Options options;
    read_credentials(options, rest);
    read_hosts(options, rest);
    if (take(rest, '/')) {
        const std::string_view database = take_until(rest, "?");
        if (!database.empty()) options["dbname"] = decode(database, "database");
    }
    if (take(rest, '?')) read_query(options, rest);
    return options;
}

// --- key words -------------------------------------------------------------------------------------------------------

void skip_blanks(std::string_view& rest) noexcept {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
}

// Quoted or not; a backslash makes the next character one of the value.
std::string take_value(std::string_view& rest, std::string_view name) {
    const bool quoted = take(rest, '\'');
    std::string value;
    while (!rest.empty()) {
        const char c = rest.front();
        if (!quoted && kBlanks.find(c) != kBlanks.npos) return value;
        rest.remove_prefix(1);
        if (quoted && c == '\'') return value;
        if (c != '\\') {
            value += c;
        } else if (!rest.empty()) {
            value += rest.front();
            rest.remove_prefix(1);
        }
    }
    if (quoted)
        throw ConninfoError("the value of " + std::string(name) + " in the connection string has no closing quote");
    return value;
}

Options parse_keywords(std::string_view text) {
    Options options;
    std::string_view rest = text;
    skip_blanks(rest);
    while (!rest.empty()) {
        const std::size_t position = text.size() - rest.size();
        const std::string_view name = take_until(rest, "= \t\n\r\v\f");
        skip_blanks(rest);
        if (!take(rest, '=')) {
            throw ConninfoError("at position " + std::to_string(position) +
                                " of the connection string there is no name=value; a value with blanks is written in "
                                "single quotes, and a URI begins with postgresql://");
        }
        skip_blanks(rest);
        std::string value = take_value(rest, is_known_option(name) ? name : "an option");
        set_option(options, name, std::move(value));
        skip_blanks(rest);
    }
    return options;
}

}  // namespace

Options parse_dsn(std::string_view dsn) {
    // Texts are sent with a NUL behind them: what follows one would be taken for something else.
    if (dsn.find('\0') != dsn.npos) throw ConninfoError("the connection string has a NUL byte");
    for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
        if (dsn.starts_with(scheme)) return parse_uri(dsn.substr(scheme.size()));
    }
    return parse_keywords(dsn);
}

}  // namespace aio::pg::conninfo
