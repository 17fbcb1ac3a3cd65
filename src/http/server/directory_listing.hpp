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

// Files and directories that `look` finds there, which is given their names: directories first, by name; without those
// that begin with a dot. Blocks. Errors: OSError.
std::vector<DirectoryEntry> list_directory(int directory, const std::function<OpenedFile(const std::string&)>& look);
// HTML. has_parent: with a link upward.
std::string directory_page(std::string_view path, const std::vector<DirectoryEntry>& entries, bool has_parent);

}  // namespace aio::http::detail
