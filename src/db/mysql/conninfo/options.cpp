// The names of options. What they mean: parameters.cpp.
#include "db/mysql/conninfo/options.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace aio::mysql::conninfo {

namespace {

constexpr std::string_view kNames[] = {
    "autocommit",
    "charset",
    "compress",
    "connect_timeout",
    "database",
    "host",
    "port",
    "init_command",
    "local_infile",
    "password",
    "ssl_ca",
    "ssl_cert",
    "ssl_crl",
    "ssl_key",
    "ssl_mode",
    "tls_version",
    "unix_socket",
    "user",
    "statement_cache_size",
    "get_server_public_key",
    "server_public_key_path",
    "read_default_file",
    "read_default_group",
};

// Other names for the same: those of aiomysql, of the servers' own clients and of option files.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"db", "database"},        {"dbname", "database"}, {"passwd", "password"},
    {"socket", "unix_socket"}, {"username", "user"},   {"default_character_set", "charset"},
    {"sslmode", "ssl_mode"},   {"sslca", "ssl_ca"},    {"sslcert", "ssl_cert"},
    {"sslkey", "ssl_key"},
};

}  // namespace

std::string canonical_name(std::string_view name) {
    std::string result(name);
    for (char& c : result) {
        if (c == '-') c = '_';
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    for (const auto& [alias, meant] : kAliases) {
        if (result == alias) result = meant;
    }
    return std::ranges::find(kNames, std::string_view(result)) == std::end(kNames) ? std::string() : result;
}

void set_option(Options& options, std::string_view name, std::string value) {
    if (name == "ssl" || name == "tls") {
        const bool is_on = value == "true" || value == "1" || value == "yes";
        options["ssl_mode"] = is_on ? "verify_identity" : "disabled";
        return;
    }
    const std::string known = canonical_name(name);
    if (known.empty()) {
        throw ConninfoError("\"" + std::string(name.substr(0, 100)) +
                            "\" is no connection option of MySQL; <aio/mysql/connect.hpp> has the list");
    }
    options[known] = std::move(value);
}

void add_missing(Options& options, const Options& others) {
    for (const auto& [name, value] : others) options.emplace(name, value);
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kBlanks = " \t\r\n\v\f";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

}  // namespace aio::mysql::conninfo
