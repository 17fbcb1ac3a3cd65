// resolv.conf: its format, and noticing that it was changed.
#include "io/names/resolv_conf.hpp"

#include <aio/base/error.hpp>

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <optional>

namespace aio::detail {

namespace {

constexpr int kPort = 53;
constexpr int kMostSeconds = 30;  // these three: glibc's resolv.h
constexpr int kMostAttempts = 5;
constexpr int kMostDots = 15;
constexpr std::string_view kBlanks = " \t\r\f\v";

std::string_view take_word(std::string_view& text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    return word;
}

std::optional<int> number(std::string_view digits) noexcept {
    int value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error == std::errc() && stop == end) return value;
    return std::nullopt;
}

// "ADDRESS", "IPv4:PORT" or "[ADDRESS]:PORT".
std::optional<RawAddress> server(std::string_view text) {
    std::string_view host = text, port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else if (const std::size_t colon = text.find(':');
               colon != std::string_view::npos && colon == text.rfind(':')) {
        host = text.substr(0, colon);
        port = text.substr(colon);
    }
    int value = kPort;
    if (!port.empty()) {
        value = port[0] == ':' ? number(port.substr(1)).value_or(0) : 0;
        if (value < 1 || value > 65535) return std::nullopt;
    }
    return RawAddress::numeric(std::string(host), value);
}

void read_search_list(ResolvConf& conf, std::string_view text) {
    conf.domains.clear();
    for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
        conf.domains.emplace_back(word);
    }
}

void read_option(ResolvConf& conf, std::string_view option) {
    const std::size_t colon = option.find(':');
    const std::string_view name = option.substr(0, colon);
    if (colon == std::string_view::npos) {
        if (name == "rotate") conf.rotate = true;
        if (name == "use-vc") conf.tcp = true;
        return;
    }
    const std::optional<int> value = number(option.substr(colon + 1));
    if (!value || *value < 0) return;
    if (name == "ndots") conf.ndots = std::min(*value, kMostDots);
    if (name == "timeout") conf.timeout = std::chrono::seconds(std::clamp(*value, 1, kMostSeconds));
    if (name == "attempts") conf.attempts = std::clamp(*value, 1, kMostAttempts);
}

void read_options(ResolvConf& conf, std::string_view text) {
    for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) read_option(conf, word);
}

void read_line(ResolvConf& conf, std::string_view line) {
    if (line.starts_with('#') || line.starts_with(';')) return;
    const std::string_view keyword = take_word(line);
    if (keyword == "nameserver") {
        if (std::optional<RawAddress> address = server(take_word(line))) conf.servers.push_back(*address);
    } else if (keyword == "search") {
        read_search_list(conf, line);
    } else if (keyword == "domain") {
        read_search_list(conf, take_word(line));
    } else if (keyword == "options") {
        read_options(conf, line);
    }
}

// The part of this machine's name behind the first dot.
std::string own_domain() {
    char name[HOST_NAME_MAX + 1] = "";
    ::gethostname(name, sizeof name - 1);
    const std::string_view text = name;
    const std::size_t dot = text.find('.');
    return dot == std::string_view::npos ? std::string() : std::string(text.substr(dot + 1));
}

// What glibc takes for an empty file; anything else may pass.
bool is_absent(int error) noexcept {
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == EISDIR || error == ELOOP;
}

// Errors: OSError.
std::string contents(int fd, const std::string& path) {
    std::string text;
    char piece[4096];
    for (;;) {
        const ssize_t count = ::read(fd, piece, sizeof piece);
        if (count == 0 || (count < 0 && is_absent(errno))) return text;
        if (count > 0) {
            text.append(piece, static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            throw_os_error(errno, "read " + path);
        }
    }
}

bool same(const timespec& a, const timespec& b) noexcept { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
    ResolvConf conf;
    const std::string domain = own_domain();
    if (!domain.empty()) conf.domains.push_back(domain);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        read_line(conf, text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (const char* domains = std::getenv("LOCALDOMAIN")) read_search_list(conf, domains);
    if (const char* options = std::getenv("RES_OPTIONS")) read_options(conf, options);
    if (conf.servers.empty()) conf.servers.push_back(*RawAddress::numeric("127.0.0.1", kPort));
    return conf;
}

std::vector<RawAddress> parse_servers(std::string_view servers) {
    std::vector<RawAddress> addresses;
    for (std::size_t at = 0; at <= servers.size();) {
        const std::size_t comma = std::min(servers.find(',', at), servers.size());
        const std::string_view entry = servers.substr(at, comma - at);
        const std::optional<RawAddress> address = server(entry);
        if (!address) {
            throw ValueError(
                "AresResolver: servers must be addresses like \"192.0.2.1:53,[2001:db8::1]:53,fe80::1%eth0\"; '" +
                std::string(entry) + "' is not, or its port or its zone does not exist");
        }
        addresses.push_back(*address);
        at = comma + 1;
    }
    return addresses;
}

// Notes what it is now.
bool ResolvConfFile::changed() noexcept {
    struct stat now;
    const bool exists = ::stat(path_.c_str(), &now) == 0;
    const bool same_file = exists && exists_ && now.st_dev == status_.st_dev && now.st_ino == status_.st_ino &&
                           now.st_size == status_.st_size && same(now.st_mtim, status_.st_mtim) &&
                           same(now.st_ctim, status_.st_ctim);
    if (fresh_ && (same_file || (!exists && !exists_))) return false;
    exists_ = exists;
    if (exists) status_ = now;
    return true;
}

const ResolvConf& ResolvConfFile::get() {
    if (!changed()) return conf_;
    fresh_ = false;  // until all of it was read
    const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    const int error = fd ? 0 : errno;
    try {
        if (error != 0 && !is_absent(error)) throw_os_error(error, "read " + path_);
        conf_ = parse_resolv_conf(fd ? contents(fd.get(), path_) : std::string());
        fresh_ = known_ = true;
    } catch (const OSError&) {
        if (!known_) throw;
    }
    return conf_;
}

}  // namespace aio::detail
