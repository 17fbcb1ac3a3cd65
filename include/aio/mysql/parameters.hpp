// The arguments of a statement, as the binary protocol carries them.
#pragma once

#include <aio/mysql/codec_time.hpp>
#include <aio/mysql/json.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace aio::mysql {

namespace detail {

// The codec of an argument: its own, or that of text for string literals and everything else that is text.
template <class T>
consteval auto codec_of() {
    if constexpr (requires { sizeof(Codec<T>); }) {
        return std::type_identity<Codec<T>>{};
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return std::type_identity<Codec<std::string_view>>{};
    } else {
        return std::type_identity<void>{};
    }
}
template <class T>
using CodecOf = typename decltype(codec_of<T>())::type;

template <class T>
concept NullArgument = std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>;

void check_argument_count(std::size_t parameters, std::size_t arguments);

}  // namespace detail

template <class T>
void Encoder::encode(const T& value) {
    using Chosen = detail::CodecOf<T>;
    static_assert(!std::is_void_v<Chosen>,
                  "aio::mysql: an argument of this type cannot be passed: specialize aio::mysql::Codec for it");
    Chosen::encode(*this, value);
}

// Encoded arguments. It keeps its memory when it is cleared, so that a connection needs only one.
class Parameters {
public:
    // Removes all arguments.
    void clear() noexcept {
        nulls_.clear();
        types_.clear();
        values_.clear();
        ends_.clear();
    }
    // Appends an argument. Errors: those of the conversion, in which nothing is appended.
    template <class T>
    void add(const T& value) {
        if constexpr (detail::NullArgument<T>) {
            add_null();
        } else if constexpr (detail::is_optional<T>) {
            value ? add(*value) : add_null();
        } else {
            const std::size_t size = values_.size();
            Encoder encoder(values_, ends_.size() + 1);
            try {
                encoder.encode(value);
                added(encoder.type());
            } catch (...) {
                values_.resize(size);
                throw;
            }
        }
    }

    // The number of arguments.
    std::size_t size() const noexcept { return ends_.size(); }
    // A bit for each argument: whether it is NULL.
    std::string_view nulls() const noexcept { return nulls_; }
    // Two bytes for each.
    std::string_view types() const noexcept { return types_; }
    // The bytes of those that are not NULL, one after the other.
    std::string_view values() const noexcept { return values_; }
    // The bytes of one of them.
    std::string_view value(std::size_t index) const noexcept {
        const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
        return std::string_view(values_).substr(begin, ends_[index] - begin);
    }
    bool is_null(std::size_t index) const noexcept {
        return (static_cast<unsigned char>(nulls_[index / 8]) >> (index % 8) & 1) != 0;
    }

private:
    void add_null();
    void added(std::uint16_t type, bool is_null = false);

    std::string nulls_, types_, values_;
    std::vector<std::size_t> ends_;
};

// Replaces what `parameters` has by these arguments. Errors: those of the conversions, which name the argument.
template <class... Args>
void encode_arguments(Parameters& parameters, const Args&... args) {
    parameters.clear();
    (parameters.add(args), ...);
}

}  // namespace aio::mysql
