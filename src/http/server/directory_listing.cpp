// Reads a directory, sorts what is in it, and writes the page. The page needs no script: its columns are sorted by links
// to itself. Names are a stranger's text: they are escaped, and what cannot be shown is replaced.
#include "http/server/directory_listing.hpp"

#include <aio/base/error.hpp>
#include <aio/http/url.hpp>

#include "http/server/listing_style.hpp"
#include "http/wire/charset.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>

namespace aio::http::detail {

namespace {

using Key = ListingOrder::Key;

// --- text ----------------------------------------------------------------------------------------------------------

// A name as HTML: valid UTF-8 (U+FFFD for bytes that are none), and a picture (U+2400...) for each control character.
std::string shown(std::string_view name) {
    std::string result;
    for (const char c : wire::to_utf8(name, "utf-8", wire::DecodeErrors::replace)) {
        const auto code = static_cast<unsigned char>(c);
        switch (c) {
            case '&': result += "&amp;"; break;
            case '<': result += "&lt;"; break;
            case '>': result += "&gt;"; break;
            case '"': result += "&quot;"; break;
            case '\'': result += "&#39;"; break;
            case '\x7f': result += "\xe2\x90\xa1"; break;
            default:
                if (code < 0x20) {
                    result.append("\xe2\x90").push_back(static_cast<char>(0x80 + code));
                } else {
                    result += c;
                }
        }
    }
    return result;
}

// A date and a time of the day, UTC. A narrow column may break between the two, and nowhere else.
std::string readable_time(std::int64_t unix_time) {
    using namespace std::chrono;
    // From the year 1 to 9999: a year of five digits would not fit the column, and far ones do not fit year_month_day.
    constexpr std::int64_t kFirst = -62'135'596'800, kLast = 253'402'300'799;
    const sys_seconds time{seconds(std::clamp(unix_time, kFirst, kLast))};
    const sys_days day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    char text[64];
    std::snprintf(text, sizeof text, "<span>%04d-%02u-%02u</span> <span>%02d:%02d</span>",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()));
    return text;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
    return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

// --- order ---------------------------------------------------------------------------------------------------------

void sort_entries(std::vector<DirectoryEntry>& entries, ListingOrder order) {
    // Equal ones by name, whatever the direction.
    const auto goes_before = [order](const DirectoryEntry& a, const DirectoryEntry& b) {
        if (a.is_directory != b.is_directory) return a.is_directory;
        if (order.key == Key::size && a.size != b.size && !a.is_directory)
            return order.descending == (a.size > b.size);
        if (order.key == Key::date && a.mtime != b.mtime) return order.descending == (a.mtime > b.mtime);
        if (order.key == Key::name && order.descending) return a.name > b.name;
        return a.name < b.name;
    };
    std::sort(entries.begin(), entries.end(), goes_before);
}

struct Column {
    Key key;
    std::string_view name, title;
    bool begins_descending;  // the largest and the newest first: that is what readers look for
};
constexpr std::array<Column, 3> kColumns = {{{Key::name, "name", "Name", false},
                                             {Key::size, "size", "Size", true},
                                             {Key::date, "date", "Modified (UTC)", true}}};

// The head of a column: a link that sorts by it, or, where the page is sorted by it, the other way round.
void append_column(std::string& page, const Column& column, ListingOrder order) {
    const bool current = column.key == order.key;
    const bool descending = current ? !order.descending : column.begins_descending;
    page.append("<th scope=\"col\" class=\"").append(column.name).append("\"");
    if (current) page.append(" aria-sort=\"").append(order.descending ? "descending" : "ascending").append("\"");
    page.append("><a href=\"?sort=").append(column.name).append("&amp;order=").append(descending ? "desc" : "asc");
    page.append("\">").append(column.title);
    if (current) page.append(order.descending ? " \xe2\x96\xbe" : " \xe2\x96\xb4");  // small triangles
    page.append("</a></th>");
}

// --- rows ----------------------------------------------------------------------------------------------------------

void append_row(std::string& page, const DirectoryEntry& entry) {
    const std::string name = entry.name + (entry.is_directory ? "/" : "");
    // "./": a name with a colon would be taken for a URL with a scheme. <bdi>: a name that is written from right to left
    // turns nothing else around.
    page.append("<tr")
        .append(entry.is_directory ? " class=\"directory\"" : "")
        .append("><td class=\"name\"><a href=\"./");
    page.append(quote(name, "/")).append("\"><bdi>").append(shown(name)).append("</bdi></a></td><td class=\"size\"");
    if (entry.is_directory) {
        page.append(">\xe2\x80\x94");  // a dash
    } else {
        page.append(" title=\"").append(counted(entry.size, "byte", "bytes")).append("\">");
        page.append(readable_size(entry.size));
    }
    page.append("</td><td class=\"date\">").append(readable_time(entry.mtime)).append("</td></tr>\n");
}

// "2 directories, 1 file, 4.5 MiB"
std::string summary(const std::vector<DirectoryEntry>& entries) {
    std::size_t directories = 0;
    std::uint64_t bytes = 0;
    for (const DirectoryEntry& entry : entries) {
        directories += entry.is_directory;
        if (!entry.is_directory) bytes += entry.size;
    }
    const std::size_t files = entries.size() - directories;
    std::string text = counted(directories, "directory", "directories") + ", " + counted(files, "file", "files");
    if (files > 0) text += ", " + readable_size(bytes);
    return text;
}

}  // namespace

std::string readable_size(std::uint64_t bytes) {
    if (bytes < 1024) return std::to_string(bytes) + " B";
    constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    // What would be rounded to 1024.0 is 1.0 of the next.
    while (size >= 1023.95 && unit + 1 < std::size(kUnits)) {
        size /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %s", size, kUnits[unit]);
    return text;
}

ListingOrder ListingOrder::parse(std::string_view query) {
    ListingOrder order;
    for (const auto& [name, value] : parse_qsl(query)) {
        if (name == "order") order.descending = value == "desc";
        if (name != "sort") continue;
        for (const Column& column : kColumns) {
            if (column.name == value) order.key = column.key;
        }
    }
    return order;
}

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
    return entries;
}

std::string directory_page(std::string_view path, std::vector<DirectoryEntry> entries, bool has_parent,
                           ListingOrder order) {
    sort_entries(entries, order);
    const std::string title = "Index of " + shown(path);
    std::string page =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
    page.append(title).append("</title>\n<style>\n").append(kListingStyle).append("</style>\n</head>\n<body>\n<h1>");
    page.append(title).append("</h1>\n<table>\n<thead><tr>");
    for (const Column& column : kColumns) append_column(page, column, order);
    page.append("</tr></thead>\n<tbody>\n");
    if (has_parent) {
        page.append(
            "<tr class=\"directory\"><td class=\"name\"><a href=\"../\">../</a></td><td class=\"size\"></td>"
            "<td class=\"date\"></td></tr>\n");
    }
    for (const DirectoryEntry& entry : entries) append_row(page, entry);
    return page.append("</tbody>\n</table>\n<p>").append(summary(entries)).append("</p>\n</body>\n</html>\n");
}

}  // namespace aio::http::detail
