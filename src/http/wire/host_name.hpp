// The host of a URL as it is sent, and as people read it. Source: RFC 3986 section 3.2.2, RFC 6874, IDNA 2008.
#pragma once

#include <string>
#include <string_view>

namespace aio::http::wire {

// Lower case, punycode, IPv6 addresses without their brackets, in their shortest form and with their zone.
// Errors: ValueError, which says what is wrong with it.
std::string normalised_host(std::string_view host);
// "xn--9ca.example" as "é.example".
std::string readable_host(const std::string& host);

bool is_ip_address(std::string_view host) noexcept;

}  // namespace aio::http::wire
