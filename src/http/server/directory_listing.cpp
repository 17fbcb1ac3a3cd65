#include "http/server/directory_listing.hpp"

#include <aio/base/error.hpp>
#include <aio/http/url.hpp>

#include "http/wire/date.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>

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

std::vector<DirectoryEntry> list_directory(int directory, const std::function<OpenedFile(const std::string&)>& look) {
    aio::detail::UniqueFd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct Close {
        void operator()(DIR* stream) const noexcept { ::closedir(stream); }
    };
    const std::unique_ptr<DIR, Close> stream(fd ? ::fdopendir(fd.get()) : nullptr);
    if (!stream) throw_os_error(errno, "list a directory");
    fd.take();  // it is the stream's
    std::vector<DirectoryEntry> entries;
    while (const dirent* const entry = ::readdir(stream.get())) {
        const std::string name = entry->d_name;
        if (name.starts_with('.')) continue;
        const OpenedFile found = look(name);
        if (!found.is_directory && !found.is_file) continue;
        entries.emplace_back(name, found.is_directory, found.size, found.mtime);
    }
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
