#include "http/server/directory_listing.hpp"

#include <aio/base/error.hpp>
#include <aio/http/url.hpp>

#include "http/wire/date.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace aio::http::detail {

namespace {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&': result += "&amp;"; break;
            case '<': result += "&lt;"; break;
            case '>': result += "&gt;"; break;
            case '"': result += "&quot;"; break;
            default: result += c;
        }
    }
    return result;
}

}  // namespace

std::vector<DirectoryEntry> list_directory(int directory) {
    const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* const stream = fd < 0 ? nullptr : ::fdopendir(fd);
    if (!stream) throw_os_error(errno, "list a directory");
    std::vector<DirectoryEntry> entries;
    while (const dirent* const entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        struct stat info;
        if (name.starts_with('.') || ::fstatat(fd, entry->d_name, &info, 0) != 0) continue;
        entries.emplace_back(std::string(name), S_ISDIR(info.st_mode), static_cast<std::uint64_t>(info.st_size),
                             info.st_mtim.tv_sec);
    }
    ::closedir(stream);
    std::sort(entries.begin(), entries.end(), [](const DirectoryEntry& a, const DirectoryEntry& b) {
        if (a.is_directory != b.is_directory) return a.is_directory;
        return a.name < b.name;
    });
    return entries;
}

std::string directory_page(std::string_view path, const std::vector<DirectoryEntry>& entries, bool has_parent) {
    const std::string title = "Index of " + escaped(path);
    std::string page = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>" + title +
                       "</title></head>\n<body><h1>" + title + "</h1>\n<table>\n";
    if (has_parent) page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
    for (const DirectoryEntry& entry : entries) {
        const std::string shown = entry.name + (entry.is_directory ? "/" : "");
        // "./": a name with a colon would be taken for a URL with a scheme.
        page += "<tr><td><a href=\"./" + escaped(quote(shown, "/")) + "\">" + escaped(shown) + "</a></td><td>" +
                (entry.is_directory ? "-" : std::to_string(entry.size)) + "</td><td>" +
                wire::format_date(entry.mtime) + "</td></tr>\n";
    }
    return page + "</table></body></html>\n";
}

}  // namespace aio::http::detail
