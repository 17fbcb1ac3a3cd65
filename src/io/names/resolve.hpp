// From host names to addresses: what needs no resolver, and the words for what went wrong.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/dns.hpp>

#include "io/address/raw_address.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::detail {

// The addresses of `host` for stream sockets, each once, in the order in which they are to be tried; at least one.
// An empty host: every interface if `passive`, else this machine. Cancel, Errors: as aio::getaddrinfo().
Coro<std::vector<RawAddress>> resolve(std::string host, int port, bool passive, int family = 0);

// The answer to a host that is numeric or empty; nothing when the resolver must be asked.
// Errors: GaiError for what has no answer, whoever is asked.
std::optional<std::vector<AddressInfo>> answer_locally(const std::string& host, int port,
                                                       const LookupOptions& options);

// What getaddrinfo(3) makes of addresses: an entry per type of socket that `options` allows.
std::vector<AddressInfo> address_infos(const std::vector<Address>& addresses, const LookupOptions& options,
                                       const std::string& canonname);

// What AI_V4MAPPED makes of an answer with both families to a question for IPv6 addresses: with AI_ALL all of them, else
// the IPv6 ones or, without any, the IPv4 ones; IPv4 ones as "::ffff:192.0.2.1".
void map_to_ipv6(std::vector<Address>& addresses, int flags);

// "look up the IPv4 address of 'host': Name or service not known (`detail`)".
[[noreturn]] void throw_gai_error(int code, const std::string& host, int family, std::string_view detail = {});
// The same for getnameinfo(): "look up the name of 192.0.2.1:80: ...".
[[noreturn]] void throw_gai_error(int code, const Address& address, std::string_view detail = {});
// What was attempted, for OSErrors.
std::string look_up_of(const std::string& host, int family);
std::string look_up_of(const Address& address);

// Errors: GaiError(EAI_FAMILY) when it is not numeric.
RawAddress numeric_address(const Address& address);

}  // namespace aio::detail
