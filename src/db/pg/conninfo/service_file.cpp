// Reading a section of a connection service file.
#include "db/pg/conninfo/service_file.hpp"

#include <algorithm>
#include <string>

namespace aio::pg::conninfo {

namespace {

[[noreturn]] void throw_at(std::string_view path, std::size_t line, std::string_view why) {
    throw ConninfoError("line " + std::to_string(line) + " of the service file " + std::string(path) + ": " +
                        std::string(why));
}

void read_line(Options& options, std::string_view line, std::string_view path, std::size_t number) {
    const std::size_t equals = line.find('=');
    if (equals == line.npos) throw_at(path, number, "it is neither [service] nor name=value");
    const std::string_view name = line.substr(0, equals);
    if (name == "service" || name == "servicefile") throw_at(path, number, "a service cannot refer to another one");
    if (options.contains(name)) return;  // the first of several counts
    try {
        set_option(options, name, std::string(line.substr(equals + 1)));
    } catch (const ConninfoError& error) {
        throw_at(path, number, error.what());
    }
}

}  // namespace

std::optional<Options> find_service(std::string_view text, std::string_view service, std::string_view path) {
    std::optional<Options> options;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#')) continue;
        if (line.starts_with('[')) {
            if (options) break;  // the section has ended
            const bool found =
                line.size() == service.size() + 2 && line.ends_with(']') && line.substr(1).starts_with(service);
            if (found) options.emplace();
        } else if (options) {
            read_line(*options, line, path, number);
        }
    }
    return options;
}

}  // namespace aio::pg::conninfo
