// Multipart bodies for tests, cut anywhere, and what a MultipartReader makes of them.
#pragma once

#include <aio/http/multipart.hpp>

#include "http/body_fixture.hpp"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace aio::test {

using http::BodyPart;
using http::BodyReader;
using http::MultipartError;
using http::MultipartLimits;
using http::MultipartReader;

struct Part {
    std::string name, content;
    bool operator==(const Part&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Part& part) {
    return out << part.name << "=" << part.content;
}
using Parts = std::vector<Part>;

// A body and its reader.
struct Upload {
    explicit Upload(std::string text, std::size_t size = 1 << 20, MultipartLimits limits = {}, bool waits = false,
                    std::string boundary = "B")
        : source(std::move(text), size, waits), body(&source), parts(body, std::move(boundary), limits) {}
    Chopped source;
    BodyReader body;
    MultipartReader parts;
};

inline Coro<Parts> read_all(MultipartReader& reader) {
    Parts all;
    while (auto part = co_await reader.next()) {
        Part read;
        read.name = part->name();
        read.content = co_await part->read();
        all.push_back(std::move(read));
    }
    EXPECT_TRUE(reader.at_eof());
    co_return all;
}

inline Coro<Parts> parts_of(std::string text, std::size_t size = 1 << 20, MultipartLimits limits = {}) {
    Upload upload(std::move(text), size, limits);
    co_return co_await read_all(upload.parts);
}

inline std::string field(std::string_view name, std::string_view content) {
    return "--B\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n" +
           std::string(content) + "\r\n";
}

// The error of a body, in one piece and byte by byte.
inline Coro<std::string> refusal(std::string text, MultipartLimits limits = {}) {
    const std::string whole = co_await expect_throws<MultipartError>(parts_of(text, 1 << 20, limits));
    const std::string bytes = co_await expect_throws<MultipartError>(parts_of(text, 1, limits));
    EXPECT_EQ(whole, bytes);
    co_return whole;
}

}  // namespace aio::test
