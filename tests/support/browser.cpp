#include "support/browser.hpp"

#include <aio/subprocess.hpp>

namespace aio::test {

Coro<int> browse(std::string url, std::string expected, std::string flags) {
    const std::string command =
        "URL='" + url + "'; EXPECTED='" + expected + "'; FLAGS='" + flags + "'; " + R"SH(set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
browser=$(command -v chromium-headless-shell || command -v chromium)
HOME="$folder" "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$folder" \
    $FLAGS --dump-dom "$URL" > "$folder/page" 2> "$folder/log" || cat "$folder/log"
grep -qF "$EXPECTED" "$folder/page" || { cat "$folder/page"; exit 1; }
)SH";
    Process process = co_await create_subprocess_shell(command);
    co_return co_await process.wait();
}

}  // namespace aio::test
