// A page that lists a directory.
#pragma once

#include "http/server/opened_file.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::detail {

class DirectoryEntry {
public:
    DirectoryEntry(std::string n, bool directory, std::uint64_t bytes, std::int64_t changed)
        : name(std::move(n)), is_directory(directory), size(bytes), mtime(changed) {}
    std::string name;
    bool is_directory;
    std::uint64_t size;
    std::int64_t mtime;  // seconds since 1970
};

// How a page is sorted: what its links to itself ask for, "?sort=size&order=desc". Directories come first in any case.
struct ListingOrder {
    enum class Key : std::uint8_t { name, size, date };
    Key key = Key::name;
    bool descending = false;

    // Of a query. What it does not understand is as if it were not there.
    static ListingOrder parse(std::string_view query);
};

// Files and directories that `look` finds there, which is given their names; without those that begin with a dot.
// Blocks. Errors: OSError.
std::vector<DirectoryEntry> list_directory(int directory, const std::function<OpenedFile(const std::string&)>& look);
// Sorts the entries, and writes them as HTML. has_parent: with a link upward.
std::string directory_page(std::string_view path, std::vector<DirectoryEntry> entries, bool has_parent,
                           ListingOrder order = {});
// The value of the page's Content-Security-Policy: it has a style, and nothing else may become part of it.
inline constexpr std::string_view kListingPolicy = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'";

// For readers: "683.6 KiB"; below one KiB "512 B".
std::string readable_size(std::uint64_t bytes);

}  // namespace aio::http::detail
