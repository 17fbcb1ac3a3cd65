// base64. Source: RFC 4648 section 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

std::string base64(std::string_view data);
// Nothing for what is none; spaces and line breaks are for mail.
std::optional<std::string> unbase64(std::string_view text);

}  // namespace aio::http::wire
