// The thread pool for blocking file calls, and the check and quoting of paths. in_thread(), for calls on paths, is a
// template in the header. raw_file.cpp uses the same pool for open files, unless open() named an executor.
#include "io/files/in_thread.hpp"

#include <aio/base/error.hpp>

namespace aio::detail {

Executor& file_threads() {
    static ThreadPoolExecutor* const threads = new ThreadPoolExecutor(0, "aio-files");
    return *threads;
}

void check_path(const std::string& path) {
    if (path.find('\0') != std::string::npos) {
        throw ValueError("embedded null byte in the path " + quoted(path.substr(0, path.find('\0'))) + "...");
    }
}

std::string quoted(const std::string& path) { return "'" + path + "'"; }

}  // namespace aio::detail
