// A URL that was parsed is, written and parsed again, the same; so is what join() makes of two. What is sent of it has
// neither spaces nor control characters, and what its parts mean goes there and back.
#include <aio/http/url.hpp>

#include <algorithm>

#include "property.hpp"

namespace aio::fuzz {

using http::URL;

namespace {

bool is_visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void require_stable(const URL& url) {
    const std::string text = url.str();
    require(is_visible(text), "a URL is visible ASCII", text);
    require(is_visible(url.host_port()), "the Host header is visible ASCII", text);
    if (url.is_absolute()) {
        require(url.path_qs().starts_with('/'), "a request's target is a path", text);
        require(URL(text).str() == text, "a URL is the same when it is parsed again", text);
    }
    require(url.str_without_credentials().size() <= text.size(), "credentials are left out", text);
    static_cast<void>(url.host());
    static_cast<void>(url.suffix());
    const http::Query query = url.query();
    require(http::parse_qsl(http::urlencode(query)) == query, "queries go there and back", text);
}

void run(std::string_view input) {
    const std::size_t half = input.find('\n');
    require(http::unquote(http::quote(input)) == input, "quotes go there and back");
    try {
        const URL url(input.substr(0, half));
        require_stable(url);
        if (half == std::string_view::npos) return;
        const URL reference(input.substr(half + 1));
        require_stable(reference);
        if (url.is_absolute() && !url.scheme().empty()) require_stable(url.join(reference));
    } catch (const http::InvalidURL&) {}
}

}  // namespace

}  // namespace aio::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    aio::fuzz::run(aio::fuzz::as_text(data, size));
    return 0;
}
