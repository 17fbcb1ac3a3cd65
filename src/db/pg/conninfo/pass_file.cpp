// The lines of a password file, and who may read it.
#include "db/pg/conninfo/pass_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace aio::pg::conninfo {

namespace {

// Takes a field off the front of `line`, up to and including its colon, and compares it. The last field has no colon.
bool take_field(std::string_view& line, std::string_view wanted) {
    std::string field;
    bool escaped = false;
    std::size_t i = 0;
    for (; i < line.size() && line[i] != ':'; ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) {
            escaped = true;
            ++i;
        }
        field += line[i];
    }
    if (i == line.size()) return false;  // there is no password behind it
    line.remove_prefix(i + 1);
    return (field == "*" && !escaped) || field == wanted;
}

std::string unescape(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        result += text[i];
    }
    return result;
}

}  // namespace

std::optional<std::string> find_password(std::string_view text, const PassFileKey& key) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with('#')) continue;
        if (take_field(line, key.host) && take_field(line, key.port) && take_field(line, key.database) &&
            take_field(line, key.user)) {
            return unescape(line);
        }
    }
    return std::nullopt;
}

std::optional<std::string> pass_file_problem(std::string_view path, unsigned mode) {
    const std::string begin = "the password file " + std::string(path) + " is not used: ";
    if (!S_ISREG(mode)) return begin + "it is not a plain file";
    if ((mode & (S_IRWXG | S_IRWXO)) != 0) return begin + "group or others have access to it; run chmod 0600 on it";
    return std::nullopt;
}

}  // namespace aio::pg::conninfo
