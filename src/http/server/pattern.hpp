// The path of a route: literal text, {name} and {name:regex}. Source: aiohttp 3.11 DynamicResource.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http::detail {

class Pattern {
public:
    // Of what a name stood for in a path: still quoted.
    using Captures = std::vector<std::pair<std::string_view, std::string_view>>;
    using Values = std::vector<std::pair<std::string, std::string>>;

    // Errors: ValueError, which says what is wrong with it where.
    explicit Pattern(std::string_view text);
    ~Pattern();
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;

    const std::string& text() const noexcept { return text_; }
    bool is_literal() const noexcept { return names_ == 0; }
    // All of it if it is literal, else up to the first name; quoted.
    std::string_view literal_prefix() const noexcept;

    // What stands between the slashes, quoted; nothing where a name is. Only up to the first regex: it may fit slashes, so
    // that what is behind it has no fixed place.
    std::vector<std::optional<std::string>> segments() const;

    // Whether all of `path` (quoted) fits; appends what the names stood for: views of the pattern and of `path`.
    bool match(std::string_view path, Captures& captures) const;
    // The other way. Errors: ValueError for a name without a value.
    std::string build(const Values& values) const;

private:
    struct Part {
        std::string literal;  // before the name; quoted
        std::string name;     // empty: the end of the pattern
        std::string regex;    // empty: one segment, or a part of it
    };
    struct Compiled;

    void parse();
    void add_name(std::string_view text);
    void compile();
    bool match_parts(std::size_t part, std::string_view rest, Captures& captures) const;

    std::string text_;
    std::vector<Part> parts_;
    std::size_t names_ = 0;
    std::unique_ptr<Compiled> compiled_;  // where there is a regex
};

// The path as patterns compare it: percent-encoding in its normal form. `buffer` holds it if that differs.
std::string_view normal_path(std::string_view raw_path, std::string& buffer);

}  // namespace aio::http::detail
