// How deep JSON from a database may be. Internal.
#pragma once

#include <string_view>

namespace aio::db::detail {

// Whether it has more than 1000 levels of arrays and objects: nlohmann::json destroys what it holds recursively. The text need not be
// JSON.
bool is_deep_json(std::string_view text) noexcept;

inline constexpr const char* kDeepJSON = "it is JSON of more than 1000 levels; read it as std::string";

}  // namespace aio::db::detail
