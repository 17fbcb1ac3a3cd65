// The parser of ~/.netrc, and the lookup of a host. run_request.cpp loads the file once per session; prepare_head.cpp
// uses it for servers, route.cpp for proxies; both only with trust_env.
#include "http/client/netrc.hpp"

#include <aio/base/error.hpp>
#include <aio/io/files.hpp>

#include <algorithm>
#include <cstdlib>

namespace aio::http::detail {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

// The next word; quoted ones may hold spaces. Empty at the end.
std::string next_token(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    std::string token;
    if (text.starts_with('"')) {
        text.remove_prefix(1);
        while (!text.empty() && text.front() != '"') {
            if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
            token += text.front();
            text.remove_prefix(1);
        }
        if (!text.empty()) text.remove_prefix(1);
        return token;
    }
    token = text.substr(0, text.find_first_of(kSpace));
    text.remove_prefix(token.size());
    return token;
}

void skip_line(std::string_view& text) { text.remove_prefix(std::min(text.find('\n'), text.size())); }

// A macro ends with an empty line.
void skip_macro(std::string_view& text) {
    const std::size_t end = text.find("\n\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
}

}  // namespace

Netrc Netrc::parse(std::string_view text) {
    Netrc netrc;
    while (true) {
        const std::string token = next_token(text);
        if (token.empty()) return netrc;
        if (token.starts_with('#')) {
            skip_line(text);
        } else if (token == "macdef") {
            skip_macro(text);
        } else if (token == "machine") {
            netrc.entries_.emplace_back().machine = next_token(text);
        } else if (token == "default") {
            netrc.entries_.emplace_back();
        } else if (netrc.entries_.empty()) {
            return netrc;
        } else if (token == "login" || token == "user") {
            netrc.entries_.back().login = next_token(text);
        } else if (token == "password") {
            netrc.entries_.back().password = next_token(text);
        } else if (token == "account") {
            next_token(text);
        } else {
            return netrc;
        }
    }
}

Coro<Netrc> Netrc::load() {
    const char* named = std::getenv("NETRC");
    const char* home = std::getenv("HOME");
    std::string path;
    if (named && *named) {
        path = named;
    } else if (home && *home) {
        path = std::string(home) + "/.netrc";
    } else {
        co_return Netrc();
    }
    std::string text;
    try {
        text = co_await files::read_file(std::move(path));
    } catch (const OSError&) {
        co_return Netrc();
    }
    co_return parse(text);
}

std::optional<BasicAuth> Netrc::find(std::string_view host) const {
    const Entry* otherwise = nullptr;
    for (const Entry& entry : entries_) {
        if (entry.login.empty() || entry.login.find(':') != std::string::npos) continue;
        if (entry.machine == host) return BasicAuth(entry.login, entry.password);
        if (entry.machine.empty() && !otherwise) otherwise = &entry;
    }
    if (otherwise) return BasicAuth(otherwise->login, otherwise->password);
    return std::nullopt;
}

}  // namespace aio::http::detail
