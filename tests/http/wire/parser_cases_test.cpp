// The parser against raw bytes: requests.cases and responses.cases, which tell their format. Each case is delivered
// whole, byte by byte, split at every position, and in random pieces: the answer must be the same.
#include "http/wire/syntax.hpp"

#include "transcript.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

namespace aio::http::wire {
namespace {

constexpr std::string_view kRequests =
#include "requests.cases"
    ;
constexpr std::string_view kResponses =
#include "responses.cases"
    ;

struct Case {
    std::string name, data, want;
    TranscriptOptions options;
};

// What stands before the brace that closes, with the braces inside.
std::string_view take_braced(std::string_view& text) {
    std::size_t end = 0;
    for (int depth = 1; depth > 0; ++end) depth += text.at(end) == '{' ? 1 : text.at(end) == '}' ? -1 : 0;
    const std::string_view inside = text.substr(0, end - 1);
    text.remove_prefix(end);
    return inside;
}

// \r \n \t \0 \\ \xNN; \E: the end of a line; \G, \P, \C, \R: usual beginnings; \{80*text}: 80 times the text.
std::string unescaped(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c != '\\') {
            result += c;
            continue;
        }
        const char kind = text.at(0);
        text.remove_prefix(1);
        switch (kind) {
            case 'r': result += '\r'; break;
            case 'n': result += '\n'; break;
            case 't': result += '\t'; break;
            case '0': result += '\0'; break;
            case '\\': result += '\\'; break;
            case 'x':
                result += static_cast<char>(parse_number<unsigned>(text.substr(0, 2), 16).value());
                text.remove_prefix(2);
                break;
            case 'E': result += "\r\n"; break;
            case 'G': result += "GET / HTTP/1.1\r\nHost: a\r\n"; break;
            case 'P': result += "POST / HTTP/1.1\r\nHost: a\r\n"; break;
            case 'C': result += "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"; break;
            case 'R': result += "HTTP/1.1 200 OK\r\n"; break;
            case '{': {
                std::string_view repeated = take_braced(text);
                const auto times = parse_number(take_until(repeated, '*')).value();
                for (std::uint64_t i = 0; i < times; ++i) result += unescaped(repeated);
                break;
            }
            default: throw std::invalid_argument(std::string("unknown escape \\") + kind);
        }
    }
    return result;
}

void set_option(TranscriptOptions& options, std::string_view word) {
    const std::string_view name = take_until(word, '=');
    if (name == "HEAD") options.answers_head = true;
    if (name == "CONNECT") options.answers_connect = true;
    if (name == "fields") options.fields = true;
    if (word.empty()) return;
    const std::size_t number = parse_number<std::size_t>(word).value();
    if (name == "line") options.limits.line = number;
    if (name == "field") options.limits.field = number;
    if (name == "count") options.limits.fields = number;
    if (name == "head") options.limits.head = number;
}

std::vector<Case> parse_cases(std::string_view text, Parser::Role role) {
    std::vector<Case> cases;
    while (!text.empty()) {
        std::string_view line = take_until(text, '\n');
        if (line.empty() || line.front() == '#') continue;
        const std::string_view key = take_until(line, ':');
        line = line.substr(line.starts_with(' ') ? 1 : 0);
        if (key == "name") {
            cases.push_back({std::string(line), "", "", {}});
            cases.back().options.role = role;
        } else if (key == "data") {
            cases.back().data += unescaped(line);
        } else if (key == "want") {
            cases.back().want = unescaped(line);
        } else if (key == "with") {
            while (!line.empty()) set_option(cases.back().options, take_until(line, ' '));
        } else {
            throw std::invalid_argument("what is '" + std::string(key) + "'?");
        }
    }
    return cases;
}

std::vector<std::string_view> cut(std::string_view data, const std::vector<std::size_t>& sizes) {
    std::vector<std::string_view> pieces;
    for (const std::size_t size : sizes) {
        pieces.push_back(data.substr(0, size));
        data.remove_prefix(std::min(size, data.size()));
    }
    pieces.push_back(data);
    return pieces;
}

void expect_same_however_cut(const Case& c) {
    ASSERT_EQ(transcript(c.options, {c.data}), c.want);
    ASSERT_EQ(transcript(c.options, cut(c.data, std::vector<std::size_t>(c.data.size(), 1))), c.want)
        << "byte by byte";
    const std::size_t step = c.data.size() / 400 + 1;
    for (std::size_t at = 0; at <= c.data.size(); at += step) {
        ASSERT_EQ(transcript(c.options, cut(c.data, {at})), c.want) << "cut at " << at;
    }
    std::mt19937 random(static_cast<unsigned>(c.data.size()));
    for (int round = 0; round < 10; ++round) {
        std::vector<std::size_t> sizes;
        for (std::size_t sum = 0; sum < c.data.size(); sum += sizes.back()) sizes.push_back(random() % 40);
        ASSERT_EQ(transcript(c.options, cut(c.data, sizes)), c.want) << "random pieces, round " << round;
    }
}

void expect_all(std::string_view text, Parser::Role role, std::size_t at_least) {
    std::map<std::string, int> names;
    const std::vector<Case> cases = parse_cases(text, role);
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(++names[c.name], 1) << "two cases of this name";
        expect_same_however_cut(c);
    }
    EXPECT_GE(cases.size(), at_least);
}

TEST(ParserCases, every_request_gets_its_answer_however_it_is_cut) {
    expect_all(kRequests, Parser::Role::requests, 220);
}

TEST(ParserCases, every_response_gets_its_answer_however_it_is_cut) {
    expect_all(kResponses, Parser::Role::responses, 100);
}

}  // namespace
}  // namespace aio::http::wire
