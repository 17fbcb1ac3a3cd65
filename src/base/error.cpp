// The texts of OSError and IncompleteReadError, and throw_os_error(): the class of each errno. Every other class of the
// header is inline there, below a drawing of the tree. Several errors at once: exception_group.cpp.
#include <aio/base/error.hpp>

#include <cerrno>
#include <system_error>

namespace aio {

namespace {

std::string describe_partial(const std::string& partial, std::size_t expected) {
    const std::string read = std::to_string(partial.size()) + " bytes read";
    if (expected == 0) return read + ", then the stream ended before a separator";
    return read + " on a total of " + std::to_string(expected) + " expected bytes, then the stream ended";
}

}  // namespace

IncompleteReadError::IncompleteReadError(std::string partial, std::size_t expected)
    : EOFError(describe_partial(partial, expected)), partial_(std::move(partial)), expected_(expected) {}

OSError::OSError(int code, const std::string& attempted)
    : Error(attempted + ": " + std::generic_category().message(code) + " (errno " + std::to_string(code) + ")"),
      code_(code) {}

void throw_os_error(int code, const std::string& attempted) {
    switch (code) {
        case ECHILD: throw ChildProcessError(code, attempted);
        case ESRCH: throw ProcessLookupError(code, attempted);
        case EPIPE:
        case ESHUTDOWN: throw BrokenPipeError(code, attempted);
        case ECONNRESET: throw ConnectionResetError(code, attempted);
        case ECONNABORTED: throw ConnectionAbortedError(code, attempted);
        case ECONNREFUSED: throw ConnectionRefusedError(code, attempted);
        case ENOENT: throw FileNotFoundError(code, attempted);
        case EEXIST: throw FileExistsError(code, attempted);
        case EISDIR: throw IsADirectoryError(code, attempted);
        case ENOTDIR: throw NotADirectoryError(code, attempted);
        case EACCES:
        case EPERM: throw PermissionError(code, attempted);
        case ETIMEDOUT: throw TimeoutError(attempted + ": timed out (errno " + std::to_string(code) + ")");
        default: throw OSError(code, attempted);
    }
}

}  // namespace aio
