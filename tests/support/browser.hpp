// Headless Chromium, where it is installed: SKIP_UNLESS("command -v chromium-headless-shell || command -v chromium").
#pragma once

#include <aio/core/coro.hpp>

#include <string>

namespace aio::test {

// Loads a page, and looks for `expected` in what it has become once all of it is loaded. Result: 0 if it is there. `flags`: more
// of the browser's options.
Coro<int> browse(std::string url, std::string expected, std::string flags = "");

}  // namespace aio::test
