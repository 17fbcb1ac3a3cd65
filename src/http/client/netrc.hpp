// ~/.netrc: credentials by host. Source: Python 3.13 netrc.py; GNU inetutils manual, "The .netrc file".
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/client/client_options.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::detail {

class Netrc {
public:
    // What cannot be understood ends the reading: entries before it count.
    static Netrc parse(std::string_view text);
    // The file that NETRC names, or ~/.netrc; empty if it cannot be read.
    static Coro<Netrc> load();

    // Of `host`, or the default entry's; nothing if there is neither, or it has no login.
    std::optional<BasicAuth> find(std::string_view host) const;

private:
    struct Entry {
        std::string machine;  // empty: "default"
        std::string login, password;
        Entry() = default;
    };
    std::vector<Entry> entries_;
};

}  // namespace aio::http::detail
