// Set-Cookie and Cookie headers: whatever comes, what the jar then sends can stand in a header.
#include <aio/base/error.hpp>
#include <aio/http/client/cookie_jar.hpp>

#include "http/client/cookie_store.hpp"
#include "http/wire/syntax.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace aio::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const URL url("https://www.example.co.uk/a/b");
    for (const auto& [name, value] : parse_cookie_header(text)) {
        if (unquote_cookie_value(quote_cookie_value(value)) != value) std::abort();
    }
    const auto cookie = parse_set_cookie(text);
    if (!cookie) return 0;
    detail::CookieStore store({});
    store.set(*cookie, url, detail::CookieStore::Origin::server);
    for (const detail::StoredCookie* stored : store.matches(url)) {
        if (!wire::is_field_value(stored->cookie.name + "=" + store.value_to_send(*stored))) std::abort();
        if (detail::is_public_suffix(stored->cookie.domain)) std::abort();
    }
    // What is written to a file is read again, all of it.
    if (detail::parse_cookie_file(detail::cookie_file(store)).size() != store.size()) std::abort();
    return 0;
}
