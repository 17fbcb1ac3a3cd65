// The text of a statement, whose placeholders are counted at compile time, as fmt counts those of a format string:
//
//     co_await connection.execute("INSERT INTO users(name, born) VALUES($1, $2)", "Bob");   // does not compile
//
// A placeholder is "$1" (PostgreSQL: the highest number counts) or "?" (MySQL, SQLite: each counts); in SQLite also "?5", and
// ":name", "@name" or "$name", each of which counts once. Quoted text, quoted names and comments have none. SQL that is known only at run time is passed as aio::db::runtime(text); the number of arguments
// is then checked when the server has described the statement. Pass text with a `$1` that is not a parameter, such as the body
// of PREPARE, in the same way. Literals are parsed by the server's default rules (standard_conforming_strings = on; in MySQL
// without NO_BACKSLASH_ESCAPES and ANSI_QUOTES).
//
// Source: PostgreSQL 17 manual section 4.1 (lexical structure) and src/backend/parser/scan.l; MySQL 8.0 manual section 9;
// SQLite, "SQL As Understood By SQLite": literal values, comments, variables.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace aio::db {

// How a database writes placeholders, quotes and comments.
enum class Dialect { postgresql, mysql, sqlite };

// The text of a statement that is not checked at compile time. It is not copied: it must live until the statement has ended.
struct RuntimeSql {
    std::string_view text;
};

// Passes SQL that was made at run time where a literal is expected. Never build it from a user's input: pass that as arguments.
constexpr RuntimeSql runtime(std::string_view text) noexcept { return {text}; }

namespace detail {

// Walks over a statement. Every function leaves `at_` behind what it read; what is not closed ends with the text.
class PlaceholderCounter {
public:
    constexpr PlaceholderCounter(Dialect dialect, std::string_view text) : dialect_(dialect), text_(text) {}

    constexpr std::size_t count() {
        while (at_ < text_.size()) step();
        return count_;
    }

private:
    static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
    static constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
    // Of a name; bytes above ASCII are letters.
    static constexpr bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
    }
    static constexpr bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '$'; }

    constexpr char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    constexpr bool is_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    constexpr bool is_postgresql() const { return dialect_ == Dialect::postgresql; }
    constexpr bool is_mysql() const { return dialect_ == Dialect::mysql; }

    constexpr void step() {
        const char c = peek();
        if (c == '\'' || c == '"' || (c == '`' && !is_postgresql())) return quoted(c, is_mysql() && c != '`');
        if (c == '[' && dialect_ == Dialect::sqlite) return quoted(']', false);
        if (is_line_comment()) return skip_past("\n");
        if (is_at("/*")) return is_postgresql() ? nested_comment() : skip_past("*/");
        if (is_letter(c)) return name();
        if (is_digit(c)) return skip_name();  // 1e5, and 1$1 is no parameter either
        if (c == '$' && is_postgresql()) return dollar();
        if (c == '?' && !is_postgresql()) return question_mark();
        if (is_named_parameter()) return named_parameter();
        ++at_;
    }

    constexpr bool is_line_comment() const {
        if (is_mysql()) {  // "--" needs a blank behind it: 5--1 is a sum
            return peek() == '#' || (is_at("--") && (at_ + 2 >= text_.size() || is_space(peek(2))));
        }
        return is_at("--");
    }

    constexpr void skip_past(std::string_view end) {
        const std::size_t found = text_.find(end, at_ + std::min(end.size(), text_.size() - at_));
        at_ = found == text_.npos ? text_.size() : found + end.size();
    }

    constexpr void nested_comment() {
        std::size_t depth = 0;
        do {
            if (is_at("/*") || is_at("*/")) {
                depth += is_at("/*") ? 1 : -std::size_t{1};
                ++at_;
            }
            ++at_;
        } while (depth > 0 && at_ < text_.size());
    }

    // A doubled quote inside is one of the text: two literals side by side have the same extent.
    constexpr void quoted(char quote, bool backslashes) {
        ++at_;
        while (at_ < text_.size() && text_[at_] != quote) at_ += backslashes && text_[at_] == '\\' ? 2 : 1;
        at_ = std::min(at_ + 1, text_.size());
    }

    // E'...': backslashes escape, also in the parts that follow on further lines.
    constexpr void escape_string() {
        quoted('\'', true);
        std::size_t next = at_;
        bool newline = false;
        while (next < text_.size() && is_space(text_[next])) {
            newline = newline || text_[next] == '\n' || text_[next] == '\r';
            ++next;
        }
        const bool goes_on = next < text_.size() && text_[next] == '\'' && (newline || next == at_);
        if (goes_on) {
            at_ = next;
            escape_string();
        }
    }

    constexpr void skip_name() {
        while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    }

    constexpr void name() {
        const std::size_t begin = at_;
        skip_name();
        const bool is_e = at_ - begin == 1 && (text_[begin] == 'e' || text_[begin] == 'E');
        if (is_e && is_postgresql() && peek() == '\'') escape_string();
    }

    constexpr void dollar() {
        if (is_digit(peek(1))) {
            ++at_;
            std::size_t number = 0;
            for (; is_digit(peek()); ++at_) number = std::min<std::size_t>(number * 10 + (peek() - '0'), 1'000'000);
            count_ = std::max(count_, number);
            return;
        }
        std::size_t end = at_ + 1;
        while (end < text_.size() && is_name(text_[end]) && text_[end] != '$') ++end;
        if (end < text_.size() && text_[end] == '$') {
            skip_past(text_.substr(at_, end + 1 - at_));
        } else {
            ++at_;
        }
    }

    // SQLite numbers them too: ?5 makes five.
    constexpr void question_mark() {
        ++at_;
        if (dialect_ == Dialect::sqlite && is_digit(peek())) {
            std::size_t number = 0;
            for (; is_digit(peek()); ++at_) number = std::min<std::size_t>(number * 10 + (peek() - '0'), 1'000'000);
            count_ = std::max(count_, number);
        } else {
            ++count_;
        }
    }

    constexpr bool is_named_parameter() const {
        const bool is_sigil = peek() == ':' || peek() == '@' || peek() == '$';
        return is_sigil && dialect_ == Dialect::sqlite && is_name(peek(1));
    }

    // SQLite's :name, @name and $name, which may have Tcl's ::name and (...) behind them. One that was there before is the same.
    constexpr void named_parameter() {
        const std::size_t begin = at_++;
        skip_name();
        while (is_at("::")) {
            at_ += 2;
            skip_name();
        }
        if (peek() == '(') skip_past(")");
        const std::string_view name = text_.substr(begin, at_ - begin);
        if (name == wanted_) {
            was_found_ = true;
        } else if (wanted_.empty()) {
            PlaceholderCounter before(dialect_, text_.substr(0, begin));
            before.wanted_ = name;
            before.count();
            count_ += before.was_found_ ? 0 : 1;
        }
    }

    Dialect dialect_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    std::string_view wanted_ = {};  // a name that is looked for; empty: they are counted
    bool was_found_ = false;
};

// Their names are the compilers' error messages: a consteval function may not call them.
inline void this_sql_has_more_placeholders_than_arguments__see_db_runtime() {}
inline void this_sql_has_fewer_placeholders_than_arguments__see_db_runtime() {}

}  // namespace detail

// The number of arguments that a statement takes: the highest `$n`, or the number of `?` and names.
constexpr std::size_t count_placeholders(Dialect dialect, std::string_view text) {
    return detail::PlaceholderCounter(dialect, text).count();
}

// The text of a statement with as many placeholders as there are Args. Parameters of functions have the type `Sql` below.
template <Dialect dialect, class... Args>
class BasicSql {
public:
    // From a literal or a constexpr string, which is checked at compile time.
    template <std::convertible_to<std::string_view> Text>
    consteval BasicSql(const Text& text) : text_(text) {
        const std::size_t count = count_placeholders(dialect, text_);
        if (count > sizeof...(Args)) detail::this_sql_has_more_placeholders_than_arguments__see_db_runtime();
        if (count < sizeof...(Args)) detail::this_sql_has_fewer_placeholders_than_arguments__see_db_runtime();
    }
    // From db::runtime(text), which is not.
    constexpr BasicSql(RuntimeSql sql) noexcept : text_(sql.text) {}

    // The text. A literal lives as long as the program; one from runtime() as long as what was passed.
    constexpr std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

// The parameter of a function template: `template <class... Args> f(Sql<Args...> sql, const Args&... args)`. Args are
// deduced from the arguments alone.
template <class... Args>
using Sql = BasicSql<Dialect::postgresql, std::type_identity_t<Args>...>;
// The same for MySQL and SQLite, whose placeholders are question marks.
template <class... Args>
using MySQLSql = BasicSql<Dialect::mysql, std::type_identity_t<Args>...>;
template <class... Args>
using SQLiteSql = BasicSql<Dialect::sqlite, std::type_identity_t<Args>...>;

}  // namespace aio::db
