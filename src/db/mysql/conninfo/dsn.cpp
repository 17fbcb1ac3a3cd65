// Reading connection strings. What the options mean: parameters.cpp.
#include "db/mysql/conninfo/dsn.hpp"

#include <string>

namespace aio::mysql::conninfo {

namespace {

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// `part`: for the message.
std::string decode_part(std::string_view text, const char* part) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
            throw ConninfoError(
                std::string("the ") + part +
                " in the connection URI has a % without two hexadecimal digits, or %00; a % itself is "
                "written %25");
        }
        result += static_cast<char>(high << 4 | low);
        i += 2;
    }
    return result;
}

// Takes off `rest` what is in front of the first of `ends`, which stays.
std::string_view take_up_to(std::string_view& rest, std::string_view ends) noexcept {
    const std::string_view result = rest.substr(0, rest.find_first_of(ends));
    rest.remove_prefix(result.size());
    return result;
}

bool take_char(std::string_view& rest, char c) noexcept {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
}

void read_login(Options& options, std::string_view& rest) {
    const std::size_t end = rest.find_first_of("/?");
    const std::size_t at = rest.substr(0, end).rfind('@');
    if (at == std::string_view::npos) return;
    std::string_view login = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const std::string_view user = take_up_to(login, ":");
    if (!user.empty()) options["user"] = decode_part(user, "user");
    if (take_char(login, ':')) options["password"] = decode_part(login, "password");
}

void read_host(Options& options, std::string_view& rest) {
    std::string_view host;
    if (take_char(rest, '[')) {
        const std::size_t close = rest.find(']');
        if (close == std::string_view::npos) {
            throw ConninfoError("the connection URI has a [ without its ] around an IPv6 address");
        }
        host = rest.substr(0, close);
        rest.remove_prefix(close + 1);
    } else {
        host = take_up_to(rest, ":/?");
    }
    if (!host.empty()) options["host"] = decode_part(host, "host");
    if (take_char(rest, ':')) {
        const std::string_view port = take_up_to(rest, "/?");
        if (!port.empty()) options["port"] = std::string(port);
    }
    if (!rest.empty() && rest.front() != '/' && rest.front() != '?') {
        throw ConninfoError("the connection URI has something behind the host; only : / or ? may follow");
    }
}

void read_options(Options& options, std::string_view rest) {
    while (!rest.empty()) {
        std::string_view pair = take_up_to(rest, "&");
        take_char(rest, '&');
        if (pair.empty()) continue;
        const std::string name = decode_part(take_up_to(pair, "="), "name of an option");
        if (!take_char(pair, '=')) {
            throw ConninfoError("an option in the connection URI has no value: it is written name=value");
        }
        set_option(options, name, decode_part(pair, "value of an option"));
    }
}

}  // namespace

Options parse_dsn(std::string_view dsn) {
    Options options;
    if (dsn.empty()) return options;
    std::string_view rest = dsn;
    for (const std::string_view scheme : {"mysql://", "mariadb://"}) {
        if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
    }
    if (rest.size() == dsn.size()) {
        throw ConninfoError("the connection string is no URI: it is written mysql://user@host/database");
    }
    read_login(options, rest);
    read_host(options, rest);
    if (take_char(rest, '/')) {
        const std::string_view database = take_up_to(rest, "?");
        if (!database.empty()) options["database"] = decode_part(database, "database");
    }
    if (take_char(rest, '?')) read_options(options, rest);
    return options;
}

}  // namespace aio::mysql::conninfo
