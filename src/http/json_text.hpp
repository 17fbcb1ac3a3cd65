// JSON that a peer has sent.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace aio::http::detail {

// Errors: nlohmann::json::parse_error for what is no JSON; JSONDepthError for more levels than kMaxJSONDepth.
nlohmann::json parse_json(const std::string& text);

}  // namespace aio::http::detail
