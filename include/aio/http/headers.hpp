// The header fields of a message, in the order they came: a multimap whose names compare without regard to case
// (aiohttp's CIMultiDict).
//
//     aio::http::Headers headers;
//     headers.add("Accept", "text/html").add("Accept", "image/png");
//     headers.get("accept");                   // "text/html": the first
//     for (auto [name, value] : headers) ...
//
// All text stands in one block of memory, which clear() keeps: a connection reads its next message without
// allocating. Views into it are valid until the next change.
//
// Source: RFC 9110 section 5 (fields), 5.6.2 (token).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http {

class Headers {
public:
    struct Field {
        std::string_view name, value;
        friend bool operator==(const Field&, const Field&) = default;
    };
    class iterator;

    Headers() noexcept = default;
    // Headers{{"Accept", "text/html"}}. Not inside a co_await expression: g++ 12 refuses (docs/compilers.md).
    Headers(std::initializer_list<Field> fields);

    // Appends a field; those of the same name stay. Errors: ValueError, and nothing changed, for a name that is no
    // token, or a value with CR, LF, NUL or another control character: it could end the field and begin another.
    Headers& add(std::string_view name, std::string_view value);
    // The only field of this name from now on. It takes the first one's place. Errors: as add().
    Headers& set(std::string_view name, std::string_view value);
    // set(), unless there is one.
    Headers& setdefault(std::string_view name, std::string_view value);
    // set() for every name in `other`, all its fields of that name: what `other` says counts.
    Headers& update(const Headers& other);
    // Removes all fields of this name. Whether there was one.
    bool remove(std::string_view name) noexcept;
    void clear() noexcept {
        text_.clear();
        entries_.clear();
    }

    bool contains(std::string_view name) const noexcept { return find(name) != kNone; }
    // The first field of this name.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    std::string_view get(std::string_view name, std::string_view otherwise) const noexcept;
    std::vector<std::string_view> getall(std::string_view name) const;
    // All values of this name with ", " between them, which means the same (RFC 9110 section 5.3).
    std::string combined(std::string_view name) const;
    // Whether a field of this name, as a list with commas, has this member, without regard to case.
    bool lists(std::string_view name, std::string_view member) const noexcept;

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    Field operator[](std::size_t i) const noexcept { return field(entries_[i]); }
    iterator begin() const noexcept;
    iterator end() const noexcept;

    // Makes room for so many fields and so much text, so that add() need not.
    void reserve(std::size_t fields, std::size_t text) {
        if (fields > entries_.capacity() || text > text_.capacity()) grow(fields, text);
    }
    // What a parser calls: the text as it stood on the wire, and where in it a field lies. The text may come behind the
    // field, and is checked by nobody.
    struct Place {
        std::uint32_t begin = 0, end = 0;
    };
    void append_text(std::string_view piece) { text_ += piece; }
    void append_field(Place name, Place value) { entries_.push_back({name, value}); }
    // Line ends within a value become spaces, with the white space around them; `value` has none at its beginning then.
    void unfold(Place& value) noexcept;
    // Of the text so far, in bytes: what lies between fields included.
    std::size_t text_size() const noexcept { return text_.size(); }
    std::string_view text(Place place) const noexcept {
        return {text_.data() + place.begin, place.end - place.begin};
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    struct Entry {
        Place name, value;
    };
    Field field(const Entry& e) const noexcept { return {text(e.name), text(e.value)}; }
    std::size_t find(std::string_view name, std::size_t from = 0) const noexcept;
    Entry store(std::string_view name, std::string_view value);
    static Place append_to(std::string& text, std::string_view piece);
    Entry store_larger(std::string_view name, std::string_view value);
    void grow(std::size_t fields, std::size_t text);

    std::string text_;
    std::vector<Entry> entries_;
};

class Headers::iterator {
public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    Field operator*() const noexcept { return (*headers_)[i_]; }
    iterator& operator++() noexcept {
        ++i_;
        return *this;
    }
    iterator operator++(int) noexcept { return {headers_, i_++}; }
    friend bool operator==(const iterator&, const iterator&) noexcept = default;

private:
    friend class Headers;
    iterator(const Headers* headers, std::size_t i) noexcept : headers_(headers), i_(i) {}
    const Headers* headers_ = nullptr;
    std::size_t i_ = 0;
};

inline Headers::iterator Headers::begin() const noexcept { return {this, 0}; }
inline Headers::iterator Headers::end() const noexcept { return {this, entries_.size()}; }

}  // namespace aio::http
