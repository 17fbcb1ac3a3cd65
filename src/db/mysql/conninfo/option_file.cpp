// Lines of option files. What the options mean: parameters.cpp.
#include "db/mysql/conninfo/option_file.hpp"

#include <string>

namespace aio::mysql::conninfo {

namespace {

// In quotes or not; a backslash makes the next character another one.
std::string file_value(std::string_view text) {
    text = trim(text);
    const bool is_quoted =
        text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
    if (is_quoted) text = text.substr(1, text.size() - 2);
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_comment = !is_quoted && text[i] == '#' && i > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t');
        if (is_comment) return std::string(trim(value));
        if (text[i] != '\\' || i + 1 == text.size()) {
            value += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'n': value += '\n'; break;
            case 't': value += '\t'; break;
            case 'r': value += '\r'; break;
            case 'b': value += '\b'; break;
            case 's': value += ' '; break;
            case '\\': value += '\\'; break;
            default: value += '\\'; value += text[i];
        }
    }
    return value;
}

}  // namespace

Options parse_option_file(std::string_view text, std::string_view group) {
    Options options;
    bool is_ours = false;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        if (line.empty() || line.front() == '#' || line.front() == ';' || line.front() == '!') continue;
        if (line.front() == '[') {
            const std::size_t close = line.find(']');
            if (close == std::string_view::npos) {
                throw ConninfoError("line " + std::to_string(number) + " of the option file has a [ without its ]");
            }
            const std::string_view name = trim(line.substr(1, close - 1));
            is_ours = name == "client" || name == "client-server" || (!group.empty() && name == group);
            continue;
        }
        if (!is_ours) continue;
        const std::size_t equals = line.find('=');
        const std::string known = canonical_name(trim(line.substr(0, equals)));
        if (known.empty()) continue;
        options[known] = equals == std::string_view::npos ? "true" : file_value(line.substr(equals + 1));
    }
    return options;
}

}  // namespace aio::mysql::conninfo
