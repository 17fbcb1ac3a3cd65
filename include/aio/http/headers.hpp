// The header fields of a message, in their order: a multimap whose names compare without regard to
// case (aiohttp's CIMultiDict).
//
//     aio::http::Headers headers;
//     headers.add("Accept", "text/html").add("Accept", "image/png");
//     headers.get("accept");                   // "text/html": the first
//     for (auto [name, value] : headers) ...
//
// All text is in one block of memory, which clear() keeps: a connection reads its next message without allocating.
// Views into it are valid until the next change.
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

// The header fields of a message: multidict.CIMultiDict. Field names are not case-sensitive; values are.
class Headers {
public:
    // A field; its views are valid until the next change of the Headers.
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
    // Makes it the only field of this name, in the position of the first one. Errors: as add().
    Headers& set(std::string_view name, std::string_view value);
    // set(), unless there is a field of this name.
    Headers& setdefault(std::string_view name, std::string_view value);
    // For every name in `other`: replaces all fields of that name by those of `other`.
    Headers& update(const Headers& other);
    // Removes all fields of this name. Result: whether there was one.
    bool remove(std::string_view name) noexcept;
    // Removes all fields, and keeps the memory.
    void clear() noexcept {
        text_.clear();
        entries_.clear();
    }

    // Whether there is a field of this name.
    bool contains(std::string_view name) const noexcept { return find(name) != kNone; }
    // The value of the first field of this name; nullopt, or `otherwise`, if there is none.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    std::string_view get(std::string_view name, std::string_view otherwise) const noexcept;
    // The values of all fields of this name, in order.
    std::vector<std::string_view> getall(std::string_view name) const;
    // All values of this name joined by ", ", which has the same meaning (RFC 9110 section 5.3).
    std::string combined(std::string_view name) const;
    // Whether a field of this name, read as a list with commas, has this member, without regard to case.
    bool lists(std::string_view name, std::string_view member) const noexcept;

    // The number of fields, and the field `i` of them, from 0.
    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    Field operator[](std::size_t i) const noexcept { return field(entries_[i]); }
    iterator begin() const noexcept;
    iterator end() const noexcept;

    // Allocates memory for so many fields and so many bytes of text, so that add() need not.
    void reserve(std::size_t fields, std::size_t text) {
        if (fields > entries_.capacity() || text > text_.capacity()) grow(fields, text);
    }
    // For a parser: the text as it was received, and the position of a field in it. The text may be appended after the
    // field, and is not validated.
    struct Place {
        std::uint32_t begin = 0, end = 0;  // offsets into the text
    };
    // For a parser: appends text; makes a field of two positions in it.
    void append_text(std::string_view piece) { text_ += piece; }
    void append_field(Place name, Place value) { entries_.push_back({name, value}); }
    // Replaces line ends within a value, with the white space around them, by spaces, and
    // removes those at its beginning.
    void unfold(Place& value) noexcept;
    // The size of the text so far in bytes, including the bytes between fields.
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

// A forward iterator over the fields, valid until the next change.
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
