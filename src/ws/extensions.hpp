// Extensions of aio::ws: their part of both handshakes, and what they do with frames.
#pragma once

#include <aio/ws/extension.hpp>

#include "http/wire/ws_coder.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::ws::detail {

using Extensions = std::vector<std::unique_ptr<Extension>>;

inline constexpr std::string_view kDeflate = "permessage-deflate";

// An extension of a Sec-WebSocket-Extensions header.
struct NamedExtension {
    std::string_view text;  // as it stands there
    std::string name;
    ExtensionParameters parameters;
};
// Errors: NegotiationError for what is no such header.
std::vector<NamedExtension> parse_extensions(std::string_view header);
// "name; parameter; parameter=value". Errors: ValueError for what is no token.
std::string written(std::string_view name, const ExtensionParameters& parameters);
void append_extension(std::string& header, std::string_view extension);
// Errors: ValueError for a name that is no token, or is an option: permessage-deflate.
void check_extension_name(std::string_view name);

// What a client offers, without permessage-deflate.
std::string offer_extensions(const std::vector<std::shared_ptr<const ClientExtensionFactory>>& factories);

// What a server's answer means to a client. Errors: NegotiationError.
struct AnsweredExtensions {
    Extensions extensions;
    std::string deflate;  // permessage-deflate as it was answered, or ""
};
AnsweredExtensions take_answer(std::string_view header,
                               const std::vector<std::shared_ptr<const ClientExtensionFactory>>& factories);

// What a server makes of a client's offers, without permessage-deflate.
struct AcceptedOffers {
    Extensions extensions;
    std::string header;
};
AcceptedOffers take_offers(const std::vector<NamedExtension>& offers,
                           const std::vector<std::shared_ptr<const ServerExtensionFactory>>& factories);

// Null for none.
std::unique_ptr<http::wire::WSCoder> coder_of(Extensions extensions);

}  // namespace aio::ws::detail
