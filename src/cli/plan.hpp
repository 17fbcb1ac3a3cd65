// Which URL is fetched, where its bytes go, and what they must be.
#pragma once

#include "cli/checksum.hpp"
#include "cli/fetch_options.hpp"

#include <aio/http/url.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::cli {

struct Download {
    http::URL url;
    std::string target;                // a path; empty: standard output
    bool name_by_server = false;       // the last part of `target` is only for want of a better one
    std::optional<Checksum> checksum;  // of the bytes

    Download() = default;
    // For messages: without credentials.
    std::string shown() const { return url.str_without_credentials(); }
};

// The lines of a list of URLs, without comments.
std::vector<std::string> parse_url_list(std::string_view text);

// `urls` are those of the command line and of its lists. `checksum_file` is the text of that file, if there is one.
// Two downloads never have the same target: "a.txt", "a.txt.1". Errors: UsageError.
std::vector<Download> plan(const FetchOptions& options, const std::vector<std::string>& urls,
                           std::string_view checksum_file = {});

}  // namespace aio::cli
