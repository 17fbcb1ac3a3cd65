// SASLprep, as PostgreSQL does it. The tables are in saslprep_tables.cpp; libunistring normalises.
#include "db/pg/wire/saslprep.hpp"

#include "base/utf8.hpp"
#include "db/pg/wire/saslprep_tables.hpp"

#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <new>
#include <span>
#include <vector>

namespace aio::pg::wire {

namespace {

// Code points of a password.
class CodePointString {
public:
    explicit CodePointString(std::size_t most) : points_(most) {}
    CodePointString(const CodePointString&) = delete;
    CodePointString& operator=(const CodePointString&) = delete;
    ~CodePointString() { wipe(points_.data(), points_.size() * sizeof points_[0]); }

    void push(std::uint32_t point) noexcept { points_[size_++] = point; }
    std::span<const std::uint32_t> view() const noexcept { return {points_.data(), size_}; }

private:
    std::vector<std::uint32_t> points_;
    std::size_t size_ = 0;
};

bool is_in(std::span<const CodePoints> table, std::uint32_t point) noexcept {
    const auto after =
        std::upper_bound(table.begin(), table.end(), point,
                         [](std::uint32_t value, const CodePoints& range) { return value < range.first; });
    return after != table.begin() && point <= std::prev(after)->last;
}

// C.1.2, of which U+200B is also in B.1: it becomes a space.
bool is_other_space(std::uint32_t point) noexcept {
    return point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200b) || point == 0x202f ||
           point == 0x205f || point == 0x3000;
}

// B.1
bool is_mapped_to_nothing(std::uint32_t point) noexcept {
    return point == 0xad || point == 0x34f || point == 0x1806 || (point >= 0x180b && point <= 0x180d) ||
           (point >= 0x200b && point <= 0x200d) || point == 0x2060 || (point >= 0xfe00 && point <= 0xfe0f) ||
           point == 0xfeff;
}

// RFC 3454 section 6.
bool is_bidirectional_mix(std::span<const std::uint32_t> text) noexcept {
    const auto right_to_left = [](std::uint32_t point) { return is_in(kRightToLeftCodePoints, point); };
    const auto left_to_right = [](std::uint32_t point) { return is_in(kLeftToRightCodePoints, point); };
    if (std::none_of(text.begin(), text.end(), right_to_left)) return false;
    return std::any_of(text.begin(), text.end(), left_to_right) || !right_to_left(text.front()) ||
           !right_to_left(text.back());
}

bool may_be_prepared(std::span<const std::uint32_t> text) noexcept {
    const auto bad = [](std::uint32_t point) {
        return is_in(kProhibitedCodePoints, point) || is_in(kUnassignedCodePoints, point);
    };
    return !text.empty() && std::none_of(text.begin(), text.end(), bad) && !is_bidirectional_mix(text);
}

// Precondition: it is UTF-8.
void map_code_points(std::string_view password, CodePointString& mapped) noexcept {
    auto at = reinterpret_cast<const std::uint8_t*>(password.data());
    const std::uint8_t* const end = at + password.size();
    while (at != end) {
        ucs4_t point = 0;
        at += u8_mbtouc(&point, at, static_cast<std::size_t>(end - at));
        if (is_other_space(point)) {
            mapped.push(' ');
        } else if (!is_mapped_to_nothing(point)) {
            mapped.push(point);
        }
    }
}

// NFKC, in UTF-8.
Secret normalised(std::span<const std::uint32_t> text) {
    std::size_t size = 0;
    std::uint32_t* const points = u32_normalize(UNINORM_NFKC, text.data(), text.size(), nullptr, &size);
    if (!points) throw std::bad_alloc();
    std::size_t bytes = 0;
    std::uint8_t* const utf8 = u32_to_u8(points, size, nullptr, &bytes);
    wipe(points, size * sizeof *points);
    std::free(points);
    if (!utf8) throw std::bad_alloc();
    struct Owner {
        std::uint8_t* data;
        std::size_t size;
        ~Owner() {
            wipe(data, size);
            std::free(data);
        }
    } owner{utf8, bytes};
    return Secret(std::string_view(reinterpret_cast<const char*>(utf8), bytes));
}

}  // namespace

Secret saslprep(std::string_view password) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    if (std::all_of(password.begin(), password.end(), is_ascii)) return Secret(password);
    if (aio::detail::find_bad_utf8(password)) return Secret(password);
    CodePointString mapped(password.size());
    map_code_points(password, mapped);
    if (!may_be_prepared(mapped.view())) return Secret(password);
    return normalised(mapped.view());
}

}  // namespace aio::pg::wire
