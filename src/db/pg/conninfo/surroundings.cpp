// The environment, the user and the files of this process. It blocks: small files only.
#include "db/pg/conninfo/surroundings.hpp"

#include <aio/base/error.hpp>

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

extern char** environ;

namespace aio::pg::conninfo {

namespace {

// The files are lists of a few lines; what is larger is none of them.
constexpr std::size_t kMostBytes = 16 * 1024 * 1024;

std::optional<FileText> read_file(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    FileText result{{}, status.st_mode};
    if (!S_ISREG(status.st_mode)) return result;
    const aio::detail::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return std::nullopt;
    char buffer[4096];
    while (result.text.size() < kMostBytes) {
        const ssize_t size = ::read(fd.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return std::nullopt;
        if (size == 0) break;
        result.text.append(buffer, static_cast<std::size_t>(size));
    }
    return result;
}

// HOME is first, as since PostgreSQL 15.
void find_user(Surroundings& surroundings) {
    std::vector<char> buffer(16 * 1024);
    struct passwd entry;
    struct passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
        surroundings.user = found->pw_name;
        surroundings.home = found->pw_dir;
    }
    const auto home = surroundings.environment.find("HOME");
    if (home != surroundings.environment.end() && !home->second.empty()) surroundings.home = home->second;
}

}  // namespace

Surroundings surroundings_of_process() {
    Surroundings result;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
        const std::string_view line = *each;
        const std::size_t equals = line.find('=');
        const std::string_view name = line.substr(0, equals);
        if (equals == line.npos || (!name.starts_with("PG") && name != "HOME")) continue;
        result.environment.emplace(name, line.substr(equals + 1));
    }
    find_user(result);
    result.read_file = read_file;
    return result;
}

}  // namespace aio::pg::conninfo
