// Where a private member lies in its class, for readers of memory (window.hpp, debug/). A friend declaration in each public
// header would make every reader's change everybody's rebuild.
//
// The names in an explicit instantiation are not access-checked (C++20 [temp.spec.general]/6); that is what this uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace aio::detail {

// A pointer to a data member is the member's offset: Itanium C++ ABI 2.3.1, which g++ and clang follow.
template <class Class, class Member>
std::uint32_t offset_of(Member Class::* member) noexcept {
    static_assert(sizeof member == sizeof(std::ptrdiff_t));
    std::ptrdiff_t offset = 0;
    std::memcpy(&offset, &member, sizeof offset);
    return static_cast<std::uint32_t>(offset);
}

template <class Tag, auto Member>
struct PrivateOffset {
    friend std::uint32_t private_offset(Tag) noexcept { return offset_of(Member); }
};

// How far the subobject `Base` lies behind the beginning of a `Derived`. Not for virtual bases.
template <class Derived, class Base>
std::uint32_t base_offset() noexcept {
    constexpr std::uintptr_t kSomewhere = 0x10000;  // not null, which would stay null
    const auto* derived = reinterpret_cast<const Derived*>(kSomewhere);
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(static_cast<const Base*>(derived)) -
                                      kSomewhere);
}

}  // namespace aio::detail

// In namespace aio::detail: makes private_offset(TAG{}) the offset of the member that follows, as `&Class::member`.
#define AIO_PRIVATE_OFFSET(TAG, ...)                       \
    struct TAG {                                           \
        friend std::uint32_t private_offset(TAG) noexcept; \
    };                                                     \
    template struct ::aio::detail::PrivateOffset<TAG, __VA_ARGS__>
