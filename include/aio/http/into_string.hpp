// IntoString: the type of a parameter whose text is kept. Accepts a std::string, moved if it is a temporary, a string
// literal, a std::string_view, and everything that converts to one of them. (Rust's `impl Into<String>`.)
//
//     co_return Response::text(request.match_info("name"));     // a std::string_view
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio::http {

// A std::string made of any kind of text; used as a parameter only.
class IntoString {
public:
    // Copies the text, or moves a temporary std::string.
    template <class T>
        requires(!std::same_as<std::remove_cvref_t<T>, IntoString> &&
                 (std::convertible_to<T, std::string> || std::convertible_to<T, std::string_view>))
    IntoString(T&& text) : text_(convert(std::forward<T>(text))) {}

    // The text; of a temporary, to be moved out.
    const std::string& str() const& noexcept { return text_; }
    std::string&& str() && noexcept { return std::move(text_); }

private:
    template <class T>
    static std::string convert(T&& text) {
        if constexpr (std::convertible_to<T, std::string>) {
            return std::forward<T>(text);
        } else {
            return std::string(static_cast<std::string_view>(text));
        }
    }

    std::string text_;
};

}  // namespace aio::http
