// What a client calls its server in the handshake, and looks for in the certificate.
#pragma once

#include <string>
#include <string_view>

namespace aio::detail {

// `given` as a certificate has it: internationalised names in their ASCII form (IDNA 2008), without the dot at the end
// that only look-ups know (RFC 6066 section 3), addresses without a zone, which names an interface of this machine
// (RFC 4007 section 11.2). "bücher.example." is "xn--bcher-kva.example", "fe80::1%eth0" is "fe80::1".
// Errors: ValueError for what cannot be a host's name.
std::string tls_peer_name(std::string_view given);

}  // namespace aio::detail
