// URLs as people type them, and as servers send them.
#pragma once

#include <aio/http/url.hpp>

#include <string_view>

namespace aio::http::detail {

// As it is, if it can be sent as it is. A space, or a byte beyond ASCII, shows that nobody has quoted it: then it is
// requoted. Errors: InvalidURL.
URL unchanged_url(std::string_view text);

// The same, and http:// if it names no scheme: "localhost:8080/x". Errors: InvalidURL.
URL typed_url(std::string_view text);

}  // namespace aio::http::detail
