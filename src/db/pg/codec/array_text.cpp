// The text format of arrays: its parts, and measuring one before it is read.
#include "db/pg/codec/array_text.hpp"

#include <aio/pg/codec_functions.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace aio::pg::detail {

ArrayText::Token ArrayText::next() {
    if (rest_.empty()) return Token::end;
    const char c = rest_.front();
    if (c == '"') return quoted();
    if (c != '{' && c != '}' && c != delimiter_) return unquoted();
    rest_.remove_prefix(1);
    return c == '{' ? Token::open : c == '}' ? Token::close : Token::separator;
}

ArrayText::Token ArrayText::quoted() {
    buffer_.clear();
    unescaped_ = false;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
        if (rest_[i] == '"') {
            element_ = unescaped_ ? std::string_view(buffer_) : rest_.substr(1, i - 1);
            rest_.remove_prefix(i + 1);
            return Token::element;
        }
        if (rest_[i] == '\\') {
            if (!unescaped_) buffer_ = rest_.substr(1, i - 1);
            unescaped_ = true;
            if (++i == rest_.size()) break;
        }
        if (unescaped_) buffer_ += rest_[i];
    }
    return Token::broken;
}

// What needs no quotes has no backslashes either, in what a server writes.
ArrayText::Token ArrayText::unquoted() {
    const char ends[] = {'{', '}', '"', '\\', delimiter_};
    const std::size_t size = std::min(rest_.find_first_of(ends, 0, sizeof ends), rest_.size());
    if (size == 0 || (size < rest_.size() && rest_[size] != '}' && rest_[size] != delimiter_)) return Token::broken;
    element_ = rest_.substr(0, size);
    unescaped_ = false;
    rest_.remove_prefix(size);
    return element_ == "NULL" ? Token::null : Token::element;
}

bool take_array_bounds(std::string_view& text, std::span<Dimension> dimensions) noexcept {
    std::size_t rank = 0;
    const auto number = [&text](std::int32_t& result) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return error == std::errc();
    };
    const auto symbol = [&text](char c) {
        if (!text.starts_with(c)) return false;
        text.remove_prefix(1);
        return true;
    };
    while (symbol('[')) {
        std::int32_t last = 0;
        if (rank == dimensions.size() || !number(dimensions[rank].lower_bound)) return false;
        if (!symbol(':') || !number(last) || !symbol(']')) return false;
        ++rank;
    }
    return rank == 0 || symbol('=');
}

namespace {

// The lists that are open while an array is measured.
class Measure {
public:
    explicit Measure(std::span<Dimension> dimensions) noexcept : dimensions_(dimensions) {
        for (Dimension& each : dimensions_) each.size = -1;
    }

    // Each returns false if the array is not rectangular, or no array.
    bool open() {
        if (depth_ == 0 && rank_ != 0) return false;  // a second array
        if (depth_ == (rank_ == 0 ? dimensions_.size() : rank_)) return false;
        if (depth_ > 0) ++counts_[depth_ - 1];
        counts_[depth_++] = 0;
        return true;
    }
    bool element() {
        if (rank_ == 0) rank_ = depth_;
        if (depth_ == 0 || depth_ != rank_) return false;
        return ++counts_[depth_ - 1] != std::numeric_limits<std::int32_t>::max();
    }
    bool close() {
        if (depth_ == 0) return false;
        if (rank_ == 0) rank_ = depth_;  // there are no elements
        std::int32_t& size = dimensions_[--depth_].size;
        if (size == -1) size = counts_[depth_];
        return size == counts_[depth_];
    }
    bool is_open() const noexcept { return depth_ > 0; }
    std::size_t rank() const noexcept { return rank_; }

private:
    std::span<Dimension> dimensions_;
    std::array<std::int32_t, kMostDimensions> counts_{};  // of the items in each open list
    std::size_t depth_ = 0;
    std::size_t rank_ = 0;  // 0: no element and no end was met yet
};

}  // namespace

std::optional<std::size_t> measure_array_text(std::string_view text, char delimiter,
                                              std::span<Dimension> dimensions) {
    using Token = ArrayText::Token;
    ArrayText parts(text, delimiter);
    Measure measure(dimensions);
    bool item_expected = true;  // or what may follow one
    bool just_opened = false;
    for (Token token = parts.next(); token != Token::end; token = parts.next()) {
        const bool is_item = token == Token::open || token == Token::element || token == Token::null;
        const bool ends_empty = token == Token::close && just_opened;
        if (is_item != item_expected && !ends_empty) return std::nullopt;
        bool valid = token != Token::broken;
        if (token == Token::open) valid = measure.open();
        if (token == Token::close) valid = measure.close();
        if (token == Token::element || token == Token::null) valid = measure.element();
        if (token == Token::separator) valid = measure.is_open();
        if (!valid) return std::nullopt;
        just_opened = token == Token::open;
        item_expected = token == Token::open || token == Token::separator;
    }
    if (measure.rank() == 0 || measure.is_open()) return std::nullopt;
    return measure.rank();
}

}  // namespace aio::pg::detail
