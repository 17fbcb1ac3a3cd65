// Pages get their data, and go to a file.
#include "cli/page.hpp"

#include <aio/base/error.hpp>

#include "cli/exit_status.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string_view>

namespace aio::cli {

namespace {

struct CloseOutput {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using OutputFile = std::unique_ptr<std::FILE, CloseOutput>;

}  // namespace

std::string fill_page(const char* page, const std::string& json) {
    constexpr std::string_view kMark = "@DATA@";
    std::string text = page;
    const std::size_t at = text.find(kMark);
    std::string data;
    data.reserve(json.size());
    for (const char c : json) {
        if (c == '<') {
            data += "\\u003c";
        } else {
            data += c;
        }
    }
    return text.replace(at, kMark.size(), data);
}

int write_output(const std::string& path, const std::string& text) {
    if (path.empty() || path == "-") {
        const bool written =
            std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
        return written ? kDone : kWriteError;
    }
    const OutputFile file(std::fopen(path.c_str(), "we"));
    if (!file) throw_os_error(errno, "create '" + path + "'");
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0)
        throw_os_error(errno, "write '" + path + "'");
    return kDone;
}

}  // namespace aio::cli
