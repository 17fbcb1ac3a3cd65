// Surroundings of the tests' own: no environment, no files.
#pragma once

#include "db/pg/conninfo/resolve.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <map>
#include <string>
#include <string_view>

namespace aio::pg::conninfo {

// A process of the user "me", whose home is /home/me.
struct Given {
    Environment environment;
    std::map<std::string, FileText> files;
    std::string user = "me", home = "/home/me";

    void add_file(const std::string& path, std::string text, unsigned mode = S_IFREG | 0600) {
        files[path] = {std::move(text), mode};
    }
    ConnectionParameters resolve(std::string_view dsn, const Options& options = {}) const {
        const auto read = [this](const std::string& path) -> std::optional<FileText> {
            const auto found = files.find(path);
            return found == files.end() ? std::nullopt : std::optional(found->second);
        };
        return conninfo::resolve(dsn, options, {environment, user, home, read});
    }
    // The message of the error.
    std::string refusal(std::string_view dsn, const Options& options = {}) const {
        try {
            resolve(dsn, options);
        } catch (const ConninfoError& error) {
            return error.what();
        }
        ADD_FAILURE() << "not refused: " << dsn;
        return {};
    }
};

}  // namespace aio::pg::conninfo
