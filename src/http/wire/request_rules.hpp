// What RFC 9112 asks of a request beyond its grammar: the four forms of a target, and the Host field.
// Source: RFC 9112 section 3.2, RFC 9110 sections 4.2.1, 4.2.4 and 7.2.
#pragma once

#include <string_view>

namespace aio::http::wire {

// Why `target` cannot be asked for with `method`; empty if it can. Takes for granted that there are no spaces and control
// characters in it.
std::string_view target_problem(std::string_view method, std::string_view target) noexcept;

// Whether a Host field may have this value: a name or an address, a port or none. Then "http://" with it is a URL, too.
// Not nothing: no URL of http or https has an empty host (RFC 9110 section 4.2.1), and those are all that is served.
bool is_host_field(std::string_view value) noexcept;

}  // namespace aio::http::wire
