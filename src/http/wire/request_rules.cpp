// Checks the target against the method, and the value of Host; parser_callbacks.cpp calls both. The characters of the
// request line are checked in start_line.cpp.
#include "http/wire/request_rules.hpp"

#include "http/wire/host_name.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::wire {

namespace {

// No "%": quoted names would be legal, but no host has one, and URLs refuse them.
constexpr CharSet kNameChars = CharSet::letters_and_digits().with("-._~!$&'()*+,;=");
constexpr CharSet kSchemeChars = CharSet::letters_and_digits().with("+-.");

// An IPv6 address, without a zone: that goes nowhere (RFC 6874).
bool is_address(std::string_view text) noexcept {
    return text.find(':') != std::string_view::npos && text.find('%') == std::string_view::npos &&
           is_ip_address(text);
}

// What stands behind the host: nothing, or ":" and perhaps a port.
bool is_port_part(std::string_view text) noexcept {
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    unsigned port = 0;
    for (const char c : text.substr(1)) {
        if (!is_digit(c)) return false;
        port = 10 * port + static_cast<unsigned>(c - '0');
        if (port > 65535) return false;
    }
    return true;
}

std::string_view absolute_form_problem(std::string_view target) noexcept {
    const std::size_t colon = target.find("://");
    if (colon == std::string_view::npos || !is_alpha(target.front()) ||
        !kSchemeChars.has_all(target.substr(0, colon))) {
        return "the target is neither a path nor a URL";
    }
    const std::string_view rest = target.substr(colon + 3);
    const std::string_view authority = rest.substr(0, std::min(rest.find_first_of("/?"), rest.size()));
    if (authority.empty() || authority.front() == ':') return "the target's URL has no host";
    return is_host_field(authority) ? "" : "the host in the target is not valid";
}

}  // namespace

std::string_view target_problem(std::string_view method, std::string_view target) noexcept {
    if (target.empty()) return "there is no target";
    if (target.find('#') != std::string_view::npos) return "the target has a fragment";
    if (method == "CONNECT") {
        const std::size_t colon = target.rfind(':');
        const bool has_both = colon != std::string_view::npos && colon > 0 && colon + 1 < target.size();
        return has_both && is_host_field(target) ? "" : "CONNECT to something other than a host and port";
    }
    if (target.front() == '/') return "";
    if (target.front() == '*') return target == "*" && method == "OPTIONS" ? "" : "\"*\" is a target of OPTIONS only";
    return absolute_form_problem(target);
}

bool is_host_field(std::string_view value) noexcept {
    if (value.starts_with('[')) {
        const std::size_t end = value.find(']');
        return end != std::string_view::npos && is_address(value.substr(1, end - 1)) &&
               is_port_part(value.substr(end + 1));
    }
    std::size_t name = 0;
    while (name < value.size() && kNameChars.has(value[name])) ++name;
    return name > 0 && is_port_part(value.substr(name));
}

}  // namespace aio::http::wire
