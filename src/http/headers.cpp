// Adding, replacing and finding fields; all text is in one block, which store_larger() replaces by a larger one. The
// parser appends its fields without these checks, through append_text() and append_field(): wire/parser_callbacks.cpp.
#include <aio/base/error.hpp>
#include <aio/http/headers.hpp>

#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http {

namespace {

void check(std::string_view name, std::string_view value) {
    if (!wire::is_token(name)) {
        throw ValueError("the header name '" + wire::printable(name) + "' is not a token (RFC 9110 section 5.6.2)");
    }
    if (!wire::is_field_value(value)) {
        throw ValueError("the value of the header " + std::string(name) + ", '" + wire::printable(value) +
                         "', has a control character; CR or LF would begin another header");
    }
}

}  // namespace

Headers::Headers(std::initializer_list<Field> fields) {
    for (const auto& [name, value] : fields) add(name, value);
}

Headers::Place Headers::append_to(std::string& text, std::string_view piece) {
    const auto begin = static_cast<std::uint32_t>(text.size());
    text.append(piece);
    return {begin, static_cast<std::uint32_t>(text.size())};
}

Headers::Entry Headers::store(std::string_view name, std::string_view value) {
    check(name, value);
    value = wire::trimmed(value);
    if (name.size() + value.size() > text_.capacity() - text_.size()) return store_larger(name, value);
    const Place name_place = append_to(text_, name);
    return {name_place, append_to(text_, value)};
}

// Into a larger block, beside the old one, of which `name` and `value` may be. What set() and remove() left without an
// entry stays behind, so that fields that change for ever do not grow for ever.
Headers::Entry Headers::store_larger(std::string_view name, std::string_view value) {
    std::size_t size = name.size() + value.size();
    for (const auto& each : *this) size += each.name.size() + each.value.size();
    std::string grown;
    grown.reserve(2 * size);
    for (Entry& entry : entries_) {
        const Field old = field(entry);
        entry.name = append_to(grown, old.name);
        entry.value = append_to(grown, old.value);
    }
    const Place name_place = append_to(grown, name);
    const Place value_place = append_to(grown, value);
    text_.swap(grown);
    return {name_place, value_place};
}

void Headers::grow(std::size_t fields, std::size_t text) {
    entries_.reserve(fields);
    text_.reserve(text);
}

Headers& Headers::add(std::string_view name, std::string_view value) {
    entries_.push_back(store(name, value));
    return *this;
}

Headers& Headers::set(std::string_view name, std::string_view value) {
    const std::size_t first = find(name);
    if (first == kNone) return add(name, value);
    const Entry entry = store(name, value);
    entries_[first] = entry;
    name = field(entry).name;  // it may have been of the text that store() has left
    for (std::size_t i; (i = find(name, first + 1)) != kNone;) {
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return *this;
}

Headers& Headers::setdefault(std::string_view name, std::string_view value) {
    return contains(name) ? *this : add(name, value);
}

Headers& Headers::update(const Headers& other) {
    if (&other == this) return *this;
    for (const auto& field : other) remove(field.name);
    for (const auto& field : other) add(field.name, field.value);
    return *this;
}

bool Headers::remove(std::string_view name) noexcept {
    const std::size_t removed = std::erase_if(
        entries_, [&](const Entry& entry) { return wire::equal_ignoring_case(field(entry).name, name); });
    return removed > 0;
}

void Headers::unfold(Place& value) noexcept {
    const auto is_space = [this](std::uint32_t i) {
        return wire::is_blank(text_[i]) || text_[i] == '\r' || text_[i] == '\n';
    };
    for (std::uint32_t i = value.begin; i < value.end;) {
        std::uint32_t end = i;
        bool folds = false;
        for (; end < value.end && is_space(end); ++end) folds |= text_[end] == '\n';
        if (folds) std::fill(text_.begin() + i, text_.begin() + end, ' ');
        i = std::max(end, i + 1);
    }
    while (value.begin < value.end && wire::is_blank(text_[value.begin])) ++value.begin;
}

std::size_t Headers::find(std::string_view name, std::size_t from) const noexcept {
    for (std::size_t i = from; i < entries_.size(); ++i) {
        if (wire::equal_ignoring_case(field(entries_[i]).name, name)) return i;
    }
    return kNone;
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
    const std::size_t i = find(name);
    if (i == kNone) return std::nullopt;
    return field(entries_[i]).value;
}

std::string_view Headers::get(std::string_view name, std::string_view otherwise) const noexcept {
    return get(name).value_or(otherwise);
}

std::vector<std::string_view> Headers::getall(std::string_view name) const {
    std::vector<std::string_view> all;
    for (std::size_t i = find(name); i != kNone; i = find(name, i + 1)) all.push_back(field(entries_[i]).value);
    return all;
}

std::string Headers::combined(std::string_view name) const {
    std::string all;
    for (std::size_t i = find(name); i != kNone; i = find(name, i + 1)) {
        if (!all.empty()) all += ", ";
        all += field(entries_[i]).value;
    }
    return all;
}

bool Headers::lists(std::string_view name, std::string_view member) const noexcept {
    for (std::size_t i = find(name); i != kNone; i = find(name, i + 1)) {
        if (wire::list_has(field(entries_[i]).value, member)) return true;
    }
    return false;
}

}  // namespace aio::http
