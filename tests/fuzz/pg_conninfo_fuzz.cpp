// Whatever a connection string, the environment and the files say: parameters that a driver can use, or a ConninfoError, which
// repeats no password. Options that were read are, written in both forms and read again, the same. A password that is written to
// the password file is found there.
//
// Input: a byte of choices, then texts that are separated by \1: the connection string, the environment (NAME=value lines), the
// service file, the password file, options of the program (name=value lines).
#include <algorithm>

#include "db/pg/conninfo/dsn.hpp"
#include "db/pg/conninfo/pass_file.hpp"
#include "db/pg/conninfo/resolve.hpp"
#include "db/pg/conninfo/service_file.hpp"
#include "fuzz/property.hpp"

#include <sys/stat.h>

#include <array>
#include <string>

namespace aio::fuzz {
namespace {

using namespace pg::conninfo;

// Nothing else has it in it.
constexpr std::string_view kSecret = "\x7f\x03 secret \x03\x7f";

std::string_view take_part(std::string_view& rest, char end) {
    const std::string_view part = rest.substr(0, rest.find(end));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
}

// name=value lines.
Options pairs_of(std::string_view text) {
    Options pairs;
    while (!text.empty()) {
        std::string_view line = take_part(text, '\n');
        const std::string_view name = take_part(line, '=');
        pairs.insert_or_assign(std::string(name), std::string(line));
    }
    return pairs;
}

// --- written and read again ------------------------------------------------------------------------------------------

std::string as_keywords(const Options& options) {
    std::string text;
    for (const auto& [name, value] : options) {
        text += name + " = '";
        for (const char c : value) text += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
        text += "' ";
    }
    return text;
}

std::string as_uri(const Options& options) {
    const auto encoded = [](std::string_view text) {
        std::string result;
        for (const char c : text) {
            constexpr const char* kDigits = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(c);
            result += std::string("%") + kDigits[byte >> 4] + kDigits[byte & 15];
        }
        return result;
    };
    std::string text = "postgres://";
    char mark = '?';
    for (const auto& [name, value] : options) {
        text += mark + encoded(name) + "=" + encoded(value);
        mark = '&';
    }
    return text;
}

void write_and_read(std::string_view dsn) {
    try {
        const Options options = parse_dsn(dsn);
        require(parse_dsn(as_keywords(options)) == options, "key words go there and back", dsn);
        require(parse_dsn(as_uri(options)) == options, "URIs go there and back", dsn);
    } catch (const ConninfoError&) {}
}

// --- the password file -----------------------------------------------------------------------------------------------

std::string escaped(std::string_view field) {
    std::string result;
    for (const char c : field) result += "\\" + std::string(1, c);
    return result;
}

void look_up(std::string_view file, std::string_view words) {
    const auto take_word = [&words] { return take_part(words, ' '); };
    const PassFileKey key{take_word(), take_word(), take_word(), take_word()};
    (void)find_password(file, key);
    const std::string_view password = words;
    if (std::string_view(words).find_first_of("\r\n") != std::string_view::npos) return;
    std::string line;
    for (const std::string_view field : {key.host, key.port, key.database, key.user}) {
        if (field.find_first_of("\r\n") != std::string_view::npos) return;
        line += escaped(field) + ":";
    }
    line += escaped(password) + "\n";
    require(find_password(line + std::string(file), key) == password, "a password is found", line);
    const bool is_comment = line.starts_with('#');
    require(!is_comment, "a field is no comment", line);
}

// --- all of it -------------------------------------------------------------------------------------------------------

void check(const ConnectionParameters& parameters, unsigned choices) {
    require(!parameters.hosts.empty(), "there is a host");
    require(!parameters.user.empty() && !parameters.database.empty(), "there are a user and a database");
    for (const Host& host : parameters.hosts) {
        require(!host.host.empty() || !host.hostaddr.empty(), "a host has a name or an address");
        require(host.port >= 1 && host.port <= 65'535, "a port is one");
    }
    for (const auto& [name, value] : parameters.startup) {
        require(!name.empty() && !value.empty(), "a setting has a name and a value");
        require((name + value).find('\0') == std::string::npos, "what is sent ends with NUL, and has none", name);
    }
    require((parameters.user + parameters.database).find('\0') == std::string::npos, "neither has the user");
    require(!parameters.connect_timeout || parameters.connect_timeout->count() >= 2, "a timeout is 2 s at least");
    require(parameters.ssl_max_protocol_version.empty() ||
                parameters.ssl_min_protocol_version <= parameters.ssl_max_protocol_version,
            "the versions of TLS are in order");
    const bool has_password = (choices & 2) != 0;
    for (const Host& host : parameters.hosts)
        require(!has_password || host.password == kSecret, "it has its password");
}

void resolve_all(const std::array<std::string_view, 5>& texts, unsigned choices) {
    const std::string service(texts[2]), passwords(texts[3]);
    const unsigned mode = S_IFREG | (choices & 1 ? 0600u : 0644u);
    const auto read = [&](const std::string& path) -> std::optional<FileText> {
        if (path.find("serv") != path.npos) return FileText{service, S_IFREG | 0644u};
        if (path.find("pass") != path.npos) return FileText{passwords, mode};
        return std::nullopt;
    };
    Options options = pairs_of(texts[4]);
    if (choices & 2) options["password"] = kSecret;
    if (choices & 4) options["sslpassword"] = kSecret;
    const std::string user = choices & 8 ? "" : "me", home = choices & 16 ? "" : "/home/me";
    try {
        const Surroundings surroundings{pairs_of(texts[1]), user, home, read};
        check(resolve(texts[0], options, surroundings), choices);
    } catch (const ConninfoError& error) {
        const std::string_view message = error.what();
        require(message.find(kSecret) == message.npos, "an error repeats no password", message);
    }
}

}  // namespace
}  // namespace aio::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace aio::fuzz;
    std::string_view rest = as_text(data, size);
    const unsigned choices = take_byte(rest);
    std::array<std::string_view, 5> texts;
    for (std::string_view& text : texts) text = take_part(rest, '\1');
    texts[1] = texts[1].substr(0, texts[1].find('\0'));  // an environment has none
    if (as_text(data, size).find(kSecret) != std::string_view::npos) return 0;
    write_and_read(texts[0]);
    look_up(texts[3], texts[0]);
    try {
        (void)find_service(texts[2], texts[4], "/file");
    } catch (const ConninfoError&) {}
    resolve_all(texts, choices);
    return 0;
}
