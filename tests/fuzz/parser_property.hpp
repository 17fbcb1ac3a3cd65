// However a connection's bytes are cut into pieces, the parser says the same; and what it lets pass is clean: names are
// tokens, values and reasons have no control characters, targets no spaces, and what a request is for is a URL.
#pragma once

#include <aio/http/server/request.hpp>

#include "http/server/request_state.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/transcript.hpp"

#include "property.hpp"

namespace aio::fuzz {

using http::wire::Event;
using http::wire::Parser;

inline void require_clean(const http::Headers& headers) {
    for (const auto& [name, value] : headers) {
        require(http::wire::is_token(name), "names are tokens", name);
        require(http::wire::is_field_value(value), "values have no control characters", value);
    }
}

// Errors: InvalidURL, which is a finding.
inline void require_urls(http::wire::Head& head) {
    http::detail::RequestState state;
    state.begin(head, nullptr, nullptr);
    const http::Request request(state);
    require(request.url().is_absolute(), "requests are for something", head.target);
    require(!request.rel_url().is_absolute(), "and that is somewhere", head.target);
}

inline void require_clean_heads(const http::wire::TranscriptOptions& options, std::string_view data) {
    Parser parser(options.role, options.limits);
    if (options.answers_head) parser.expect_no_body();
    if (options.answers_connect) parser.expect_tunnel();
    const char* const end = data.data() + data.size();
    while (true) {
        const Event event = parser.next(data);
        require(data.data() + data.size() == end, "data are taken from the front");
        if (event == Event::need_more || event == Event::fault) break;
        if (event == Event::head) {
            http::wire::Head& head = parser.head();
            require_clean(head.headers);
            require(http::wire::is_field_value(head.reason), "reasons have no control characters", head.reason);
            for (const char c : head.target) require(c > ' ' && c < 0x7f, "targets are visible ASCII", head.target);
            require(!(head.chunked && head.content_length), "there is one way to find the end");
            require(head.headers.size() <= options.limits.fields, "headers are limited");
            std::size_t size = 0;
            for (const auto& [name, value] : head.headers) size += name.size() + value.size();
            require(size <= options.limits.head, "headers are limited");
            if (options.role == Parser::Role::requests) require_urls(head);
        }
        if (event == Event::body) require(!parser.body().empty(), "pieces are not empty");
        if (event == Event::end) require_clean(parser.trailers());
    }
    require(parser.fault() != http::wire::Fault::none || data.empty(), "all data are taken");
}

inline void run_parser(Parser::Role role, std::string_view input) {
    http::wire::TranscriptOptions options;
    options.role = role;
    options.fields = true;
    const unsigned choices = take_byte(input);
    options.answers_head = choices & 1;
    options.answers_connect = choices & 2;
    if (choices & 4) options.limits = {.line = 16, .field = 24, .fields = 3, .head = 48};
    unsigned random = take_byte(input) + 1;

    std::vector<std::string_view> bytes, pieces;
    for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
    for (std::string_view rest = input; !rest.empty();) {
        random = random * 1664525 + 1013904223;
        pieces.push_back(rest.substr(0, (random >> 16) % 24));
        rest.remove_prefix(pieces.back().size());
    }
    const std::string whole = transcript(options, {input});
    require(whole == transcript(options, bytes), "byte by byte is as whole", whole);
    require(whole == transcript(options, pieces), "in pieces is as whole", whole);
    require_clean_heads(options, input);
}

}  // namespace aio::fuzz
