// Words in SQL, for guesses that cost a reset or an attempt when they are wrong, never an answer. Internal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace aio::db::detail {

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// What mentions() looks for, in lower case.
class Mention {
public:
    consteval Mention(const char* text) : text_(text) {  // implicit: a literal
        // Where in it the letter stands that SQL has least often.
        for (const char rare : std::string_view(":(_vykqbd")) {
            rare_ = text_.find(rare);
            if (rare_ != std::string_view::npos) return;
        }
        rare_ = 0;
    }
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr std::size_t rare() const noexcept { return rare_; }

private:
    std::string_view text_;
    std::size_t rare_ = 0;
};

// Whether the text stands anywhere in `sql`, in letters of either case.
inline bool mentions(std::string_view sql, Mention mention) noexcept {
    const std::string_view text = mention.text();
    const auto is_here = [&](std::size_t rare_at) {
        const std::string_view here = sql.substr(rare_at - mention.rare());
        if (here.size() < text.size()) return false;
        return std::equal(text.begin(), text.end(), here.begin(), [](char a, char b) { return a == to_lower(b); });
    };
    const auto has = [&](char rare) {
        std::size_t at = sql.find(rare, mention.rare());
        while (at != std::string_view::npos && !is_here(at)) at = sql.find(rare, at + 1);
        return at != std::string_view::npos;
    };
    const char rare = text[mention.rare()];
    if (has(rare)) return true;
    return rare >= 'a' && rare <= 'z' && has(static_cast<char>(rare - 'a' + 'A'));
}

// Whether the first word, behind parentheses, is one of these, which are in lower case.
template <class... Words>
bool begins_with_one(std::string_view sql, const Words&... words) noexcept {
    sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n\f\v("), sql.size()));
    const auto is_word = [&](std::string_view word) {
        if (sql.size() < word.size()) return false;
        for (std::size_t i = 0; i < word.size(); ++i) {
            if (to_lower(sql[i]) != word[i]) return false;
        }
        if (sql.size() == word.size()) return true;
        const char next = to_lower(sql[word.size()]);
        return !((next >= 'a' && next <= 'z') || next == '_');
    };
    return (is_word(words) || ...);
}

}  // namespace aio::db::detail
