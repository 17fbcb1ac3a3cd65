// The Link header. Source: RFC 8288 section 3, appendix B.2.
#include <aio/http/client/client_response.hpp>

#include "http/client/response_state.hpp"
#include "http/wire/parameters.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http {

namespace {

// Up to the comma that ends this link: not one between "<" and ">", nor in quotes.
std::string_view take_link(std::string_view& rest) {
    bool in_url = false, quoted = false;
    std::size_t at = 0;
    for (; at < rest.size(); ++at) {
        const char c = rest[at];
        if (quoted && c == '\\') {
            ++at;
        } else if (c == '"' && !in_url) {
            quoted = !quoted;
        } else if (!quoted && (c == '<' || c == '>')) {
            in_url = c == '<';
        } else if (c == ',' && !quoted && !in_url) {
            break;
        }
    }
    const std::string_view link = rest.substr(0, at);
    rest.remove_prefix(std::min(rest.size(), at + 1));
    return wire::trimmed(link);
}

std::optional<Link> parse_link(std::string_view text, const URL& base) {
    const std::size_t end = text.find('>');
    if (!text.starts_with('<') || end == std::string_view::npos) return std::nullopt;
    Link link;
    try {
        link.url = base.join(URL(text.substr(1, end - 1)));
    } catch (const InvalidURL&) {
        return std::nullopt;
    }
    auto parameters = wire::parse_parameters(wire::trimmed(text.substr(end + 1)));
    if (!parameters) return std::nullopt;
    link.parameters = *std::move(parameters);
    link.rel = link.parameter("rel");
    return link;
}

}  // namespace

std::string_view Link::parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : parameters) {
        if (wire::equal_ignoring_case(key, name)) return value;
    }
    return {};
}

std::vector<Link> ClientResponse::links() const {
    std::vector<Link> all;
    const std::string text = state_->headers.combined("Link");
    for (std::string_view rest = text; !rest.empty();) {
        if (std::optional<Link> link = parse_link(take_link(rest), state_->url)) all.push_back(*std::move(link));
    }
    return all;
}

}  // namespace aio::http
