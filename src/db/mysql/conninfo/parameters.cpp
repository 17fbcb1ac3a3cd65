// Values of options, and their defaults.
#include "db/mysql/conninfo/parameters.hpp"

#include "db/mysql/conninfo/option_file.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

namespace aio::mysql::conninfo {

namespace {

std::string read_file(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad())
        throw_os_error(errno != 0 ? errno : EIO, "open the option file '" + path + "'");
    return text;
}

// Moves a value out; nothing: it is not given, or empty.
std::optional<std::string> take_option(Options& options, std::string_view name) {
    const auto found = options.find(name);
    if (found == options.end() || found->second.empty()) return std::nullopt;
    return std::move(found->second);
}

bool bool_value(std::string_view name, std::string_view text) {
    for (const std::string_view yes : {"true", "1", "yes", "on"}) {
        if (text == yes) return true;
    }
    for (const std::string_view no : {"false", "0", "no", "off"}) {
        if (text == no) return false;
    }
    throw ConninfoError(std::string(name) + " is true or false, not \"" + std::string(text.substr(0, 60)) + "\"");
}

std::uint64_t number_value(std::string_view name, std::string_view text, std::uint64_t min, std::uint64_t max) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < min || number > max) {
        throw ConninfoError(std::string(name) + " is a number from " + std::to_string(min) + " to " +
                            std::to_string(max) + ", not \"" + std::string(text.substr(0, 60)) + "\"");
    }
    return number;
}

SslMode ssl_mode_value(std::string text) {
    for (char& c : text) c = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    constexpr std::pair<std::string_view, SslMode> kModes[] = {{"disabled", SslMode::disabled},
                                                               {"preferred", SslMode::preferred},
                                                               {"required", SslMode::required},
                                                               {"verify_ca", SslMode::verify_ca},
                                                               {"verify_identity", SslMode::verify_identity}};
    for (const auto& [name, mode] : kModes) {
        if (text == name) return mode;
    }
    throw ConninfoError("ssl_mode is disabled, preferred, required, verify_ca or verify_identity, not \"" +
                        text.substr(0, 60) + "\"");
}

void check_charset(const std::string& charset) {
    if (charset == "utf8mb4" || charset == "utf8" || charset == "utf8mb3" || charset == "auto") return;
    throw ConninfoError("charset is utf8mb4: texts are UTF-8, not \"" + charset.substr(0, 60) + "\"");
}

std::string user_of_process() {
    passwd entry = {};
    passwd* found = nullptr;
    std::array<char, 4096> memory = {};
    ::getpwuid_r(::geteuid(), &entry, memory.data(), memory.size(), &found);
    return found ? found->pw_name : std::string();
}

}  // namespace

ConnectionParameters resolve(Options options) {
    if (const std::optional<std::string> file = take_option(options, "read_default_file")) {
        const std::string group = take_option(options, "read_default_group").value_or("");
        add_missing(options, parse_option_file(read_file(*file), group));
    }
    ConnectionParameters result;
    const auto text = [&](std::string_view name, std::string& value) {
        if (std::optional<std::string> given = take_option(options, name)) value = std::move(*given);
    };
    const auto flag = [&](std::string_view name, bool& value) {
        if (const std::optional<std::string> given = take_option(options, name)) value = bool_value(name, *given);
    };
    text("host", result.host);
    text("unix_socket", result.unix_socket);
    text("user", result.user);
    text("password", result.password);
    text("database", result.database);
    text("ssl_ca", result.ssl_ca);
    text("ssl_cert", result.ssl_cert);
    text("ssl_key", result.ssl_key);
    text("ssl_crl", result.ssl_crl);
    text("tls_version", result.tls_version);
    text("server_public_key_path", result.server_public_key_path);
    text("init_command", result.init_command);
    flag("get_server_public_key", result.get_server_public_key);
    flag("local_infile", result.local_infile);
    flag("compress", result.compress);
    if (const auto port = take_option(options, "port")) {
        result.port = static_cast<int>(number_value("port", *port, 1, 65'535));
    }
    if (const auto size = take_option(options, "statement_cache_size")) {
        result.statement_cache_size =
            number_value("statement_cache_size", *size, 0, std::numeric_limits<std::size_t>::max());
    }
    if (const auto seconds = take_option(options, "connect_timeout")) {
        constexpr std::uint64_t kMostSeconds = 1'000'000'000;
        result.connect_timeout = std::chrono::seconds(number_value("connect_timeout", *seconds, 0, kMostSeconds));
    }
    if (auto mode = take_option(options, "ssl_mode")) result.ssl_mode = ssl_mode_value(std::move(*mode));
    if (const auto charset = take_option(options, "charset")) check_charset(*charset);
    if (const auto autocommit = take_option(options, "autocommit")) {
        result.autocommit =
            *autocommit == "server" ? std::nullopt : std::optional(bool_value("autocommit", *autocommit));
    }
    if (result.host.empty()) result.host = "localhost";
    if (result.user.empty()) result.user = user_of_process();
    return result;
}

}  // namespace aio::mysql::conninfo
