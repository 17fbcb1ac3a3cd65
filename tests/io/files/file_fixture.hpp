// What the tests of files share: a directory of their own, and every way that a call can take.
#pragma once

#include <aio/files.hpp>

#include "base/unique_fd.hpp"
#include "io/files/system_calls.hpp"
#include "support/async_test.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace aio::test {

// Removed with all that is in it.
class Scratch {
public:
    // Errors: std::runtime_error where `above` is not there.
    explicit Scratch(const std::string& above = "/tmp") : root_(above + "/aio-files-XXXXXX") {
        if (!::mkdtemp(root_.data())) throw std::runtime_error("mkdtemp in " + above);
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::string path(const std::string& name = "file") const { return root_ + "/" + name; }
    const std::string& root() const { return root_; }
    // A file with `content` in it.
    std::string with(const std::string& content, const std::string& name = "file") const {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

private:
    std::string root_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) return "";
    std::string content(static_cast<std::size_t>(in.tellg()), '\0');
    in.seekg(0);
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    return content;
}

// Makes every call that could be made at once wait: for the backend's file operation, or for a thread.
class Route {
public:
    explicit Route(detail::FileRoute route) { detail::force_file_route(route); }
    ~Route() { detail::force_file_route(detail::FileRoute::usual); }
    Route(const Route&) = delete;
    Route& operator=(const Route&) = delete;
};

inline constexpr detail::FileRoute kRoutes[] = {detail::FileRoute::usual, detail::FileRoute::backend,
                                                detail::FileRoute::thread};

// A body on every route, each with a directory of its own: FILE_TEST(Suite, name) { ... scratch.path() ... }
inline Coro<> on_every_route(Coro<> (*body)(Scratch& scratch)) {
    for (const detail::FileRoute route : kRoutes) {
        SCOPED_TRACE(static_cast<int>(route));
        const Route forced(route);
        Scratch scratch;
        co_await body(scratch);
    }
}

// Both ends of a pipe.
struct PipeEnds {
    PipeEnds() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) == 0) {
            out = detail::UniqueFd(ends[0]);
            in = detail::UniqueFd(ends[1]);
        }
    }
    detail::UniqueFd out, in;  // what goes into `in` comes out of `out`
};

}  // namespace aio::test

#define FILE_TEST(suite, name)                                                                       \
    static ::aio::Coro<> AIO_TEST_NAME_(suite, name, routed)(::aio::test::Scratch & scratch);        \
    ASYNC_TEST(suite, name, kOnce) { co_await on_every_route(AIO_TEST_NAME_(suite, name, routed)); } \
    static ::aio::Coro<> AIO_TEST_NAME_(suite, name, routed)([[maybe_unused]] ::aio::test::Scratch & scratch)
