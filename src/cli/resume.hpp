// Going on with a download: what is asked of the server, and what its answer means.
// Source: RFC 9110 sections 13.1.5 (If-Range), 14.2 (Range), 14.4 (Content-Range), 15.5.17 (416).
#pragma once

#include "cli/partial_file.hpp"

#include <aio/http/client/client_request.hpp>
#include <aio/http/headers.hpp>

#include <cstdint>
#include <string>

namespace aio::cli {

// Adds Range, and If-Range if something was kept that it can name.
void ask_for_rest(http::ClientRequest& request, std::uint64_t offset, const Validators& kept);

enum class Answer {
    append,    // the rest
    restart,   // the whole, from its beginning
    complete,  // nothing is missing
    again,     // of no use: ask once more, for the whole
    other      // an error, or no body: as without a range
};
// What an answer to ask_for_rest() means.
Answer understand(int status, const http::Headers& headers, std::uint64_t offset, const Validators& kept);

// Whether an answer that nobody asked to be a part is one: 206, or a Content-Range that is not of the whole.
bool is_part(int status, const http::Headers& headers);

// What an answer says about the whole that it is, or is a part of.
Validators validators_of(const std::string& url, int status, const http::Headers& headers);

}  // namespace aio::cli
