// What `aiocpp serve` and `aiocpp ws --serve` have in common: the address to listen on.
#pragma once

#include <aio/base/error.hpp>

#include <string>

namespace aio::cli {

// "[::1]", as in URLs, is "::1".
std::string bare_host(std::string host);
// What to do about an address that cannot be listened on: a line below the error's text, or "". port_option: as "--port".
std::string listening_advice(const OSError& error, const std::string& port_option);

}  // namespace aio::cli
