// One path of a route: parsing {name} and {name:regex}, matching (std::regex only where the path has one), building
// URLs. route_index.cpp chooses which patterns are tried for a path, and in which order.
#include "http/server/pattern.hpp"

#include <aio/base/error.hpp>

#include "http/wire/percent.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <regex>

namespace aio::http::detail {

namespace {

// Of which nothing needs to be changed in a path.
constexpr wire::CharSet kPlainChars = wire::kUnreserved.with("/");

bool is_name(std::string_view text) noexcept {
    if (text.empty() || wire::is_digit(text.front())) return false;
    for (const char c : text) {
        if (!wire::is_alpha(c) && !wire::is_digit(c) && c != '_') return false;
    }
    return true;
}

// Where the "}" stands that ends what begins behind the "{" at `open`; npos if none does.
std::size_t closing_brace(std::string_view text, std::size_t open) noexcept {
    int depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '{') {
            ++depth;
        } else if (text[i] == '}' && --depth == 0) {
            return i;
        }
    }
    return std::string_view::npos;
}

std::string escaped(std::string_view literal) {
    std::string result;
    for (const char c : literal) {
        if (std::string_view("^$\\.*+?()[]{}|/").find(c) != std::string_view::npos) result += '\\';
        result += c;
    }
    return result;
}

}  // namespace

// std::regex backtracks with a recursion per character: a longer path would overflow the stack, and matches no regex.
constexpr std::size_t kLongestMatched = 8 * 1024;

struct Pattern::Compiled {
    std::regex regex;
    std::vector<std::size_t> groups;  // of each name
};

Pattern::Pattern(std::string_view text) : text_(text) {
    if (!text.empty() && text.front() != '/') {
        throw ValueError("the path '" + wire::printable(text) + "' of a route does not begin with '/'");
    }
    parse();
    compile();
}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

void Pattern::parse() {
    std::string_view rest = text_;
    while (true) {
        const std::size_t open = rest.find('{');
        parts_.emplace_back();
        const std::string_view literal = rest.substr(0, open);
        if (literal.find('}') != std::string_view::npos) {
            throw ValueError("the path '" + text_ + "' of a route has a '}' without a '{'");
        }
        parts_.back().literal = wire::requote(literal, wire::kPathChars);
        if (open == std::string_view::npos) return;
        const std::size_t close = closing_brace(rest, open);
        if (close == std::string_view::npos) throw ValueError("the path '" + text_ + "' of a route has an open '{'");
        add_name(rest.substr(open + 1, close - open - 1));
        rest.remove_prefix(close + 1);
    }
}

void Pattern::add_name(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    if (!is_name(name)) {
        throw ValueError("in the path '" + text_ + "' of a route, '" + std::string(name) + "' is no name");
    }
    for (const Part& part : parts_) {
        if (part.name == name)
            throw ValueError("the path '" + text_ + "' of a route has two names '" + part.name + "'");
    }
    parts_.back().name = name;
    if (colon != std::string_view::npos) parts_.back().regex = text.substr(colon + 1);
    ++names_;
}

void Pattern::compile() {
    bool needed = false;
    for (const Part& part : parts_) needed |= !part.regex.empty();
    if (!needed) return;
    compiled_ = std::make_unique<Compiled>();
    std::string all;
    std::size_t group = 1;
    for (const Part& part : parts_) {
        all += escaped(part.literal);
        if (part.name.empty()) continue;
        const std::string one = part.regex.empty() ? "[^{}/]+" : part.regex;
        try {
            compiled_->groups.push_back(group);
            group += 1 + std::regex(one).mark_count();
        } catch (const std::regex_error& error) {
            throw ValueError("in the path '" + text_ + "' of a route, '" + one +
                             "' is no regular expression: " + error.what());
        }
        all += "(" + one + ")";
    }
    compiled_->regex.assign(all, std::regex::ECMAScript | std::regex::optimize);
}

std::string_view Pattern::literal_prefix() const noexcept { return parts_.front().literal; }

std::vector<std::optional<std::string>> Pattern::segments() const {
    std::vector<std::optional<std::string>> all;
    std::string text;
    bool named = false;
    const auto end_segment = [&] {
        all.push_back(named ? std::nullopt : std::optional<std::string>(text));
        text.clear();
        named = false;
    };
    bool begun = false;  // the slash before the first segment came
    for (const Part& part : parts_) {
        for (const char c : part.literal) {
            if (c != '/') {
                text += c;
            } else if (std::exchange(begun, true)) {
                end_segment();
            }
        }
        if (!part.regex.empty()) return all;
        named |= !part.name.empty();
    }
    end_segment();
    return all;
}

bool Pattern::match(std::string_view path, Captures& captures) const {
    if (is_literal()) return path == parts_.front().literal;
    if (!compiled_) return match_parts(0, path, captures);
    if (path.size() > kLongestMatched || !path.starts_with(literal_prefix())) return false;
    std::cmatch found;
    if (!std::regex_match(path.data(), path.data() + path.size(), found, compiled_->regex)) return false;
    std::size_t name = 0;
    for (const Part& part : parts_) {
        if (part.name.empty()) continue;
        const auto& group = found[static_cast<int>(compiled_->groups[name++])];
        captures.emplace_back(part.name, group.matched
                                             ? std::string_view(group.first, static_cast<std::size_t>(group.length()))
                                             : std::string_view());
    }
    return true;
}

// The longest run of characters that no segment ends in, then shorter ones until the rest fits.
bool Pattern::match_parts(std::size_t index, std::string_view rest, Captures& captures) const {
    const Part& part = parts_[index];
    if (!rest.starts_with(part.literal)) return false;
    rest.remove_prefix(part.literal.size());
    if (part.name.empty()) return rest.empty();
    const std::size_t longest = std::min(rest.find_first_of("/{}"), rest.size());
    const bool last = index + 2 == parts_.size() && parts_.back().literal.empty();
    const std::size_t shortest = last ? std::max<std::size_t>(longest, 1) : 1;
    for (std::size_t size = longest; size >= shortest; --size) {
        captures.emplace_back(part.name, rest.substr(0, size));
        if (match_parts(index + 1, rest.substr(size), captures)) return true;
        captures.pop_back();
    }
    return false;
}

std::string Pattern::build(const Values& values) const {
    std::string result;
    for (const Part& part : parts_) {
        result += part.literal;
        if (part.name.empty()) continue;
        const std::string* value = nullptr;
        for (const auto& [name, text] : values) {
            if (name == part.name) value = &text;
        }
        if (!value) throw ValueError("url_for: the path '" + text_ + "' needs a value for '" + part.name + "'");
        result += wire::quote(*value, part.regex.empty() ? wire::kSegmentChars : wire::kPathChars);
    }
    return result;
}

std::string_view normal_path(std::string_view raw_path, std::string& buffer) {
    if (kPlainChars.has_all(raw_path)) return raw_path;
    buffer = wire::requote(raw_path, wire::kPathChars);
    return buffer;
}

}  // namespace aio::http::detail
