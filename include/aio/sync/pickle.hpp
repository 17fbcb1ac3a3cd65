// Pickle<T>: the conversion of a value to bytes and back, for another process. Used by ProcessPoolExecutor.
//
// It exists for trivially copyable types (numbers, enums, durations, plain structs), strings, the sequences, sets and
// maps of the standard library, std::pair, tuple, array, optional, and all of these nested. Pointers and views are
// refused: they would point into the other process. For a type of your own:
//
//     template <>
//     struct aio::Pickle<Order> {
//         static void save(Pickler& out, const Order& order) { out.save(order.id, order.lines); }
//         static Order load(Unpickler& in) { return {in.load<int>(), in.load<std::vector<Line>>()}; }   // in order
//     };
//
// Both ends are the same program on the same machine: bytes go as they lie in memory. This is no file format.
#pragma once

#include <aio/base/error.hpp>

#include <array>
#include <concepts>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace aio {

// The bytes end before the value is complete: save() and load() of a Pickle do not match. pickle.UnpicklingError.
class UnpicklingError : public Error {
public:
    using Error::Error;
};

// The conversion of T: `save(Pickler&, const T&)` and `T load(Unpickler&)`, both static.
template <class T>
struct Pickle;

class Pickler;
class Unpickler;

// Whether T has a Pickle, and so can be an argument or a result of a ProcessPoolExecutor's call.
template <class T>
concept Picklable = requires(Pickler& out, Unpickler& in, const T& value) {
    Pickle<T>::save(out, value);
    { Pickle<T>::load(in) } -> std::convertible_to<T>;
};

// Collects the bytes of values, in order.
class Pickler {
public:
    // Appends the values, one after the other. Errors: std::bad_alloc; those of a Pickle.
    template <class... Ts>
        requires(Picklable<Ts> && ...)
    void save(const Ts&... values) {
        (Pickle<Ts>::save(*this, values), ...);
    }
    // Appends `size` bytes as they are. Errors: std::bad_alloc.
    void write(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }

    // The bytes so far; take() moves them out.
    const std::string& bytes() const noexcept { return bytes_; }
    std::string take() noexcept { return std::move(bytes_); }

private:
    std::string bytes_;
};

// Reads values from the bytes of a Pickler, in the order in which they were saved.
class Unpickler {
public:
    // `bytes` are not copied, and must live until the last value was loaded.
    explicit Unpickler(std::string_view bytes) noexcept : left_(bytes) {}

    // The next value. Errors: UnpicklingError when there are too few bytes; those of a Pickle.
    template <class T>
        requires Picklable<T>
    T load() {
        return Pickle<T>::load(*this);
    }
    // Copies the next `size` bytes to `data`. Errors: UnpicklingError when there are fewer.
    void read(void* data, std::size_t size) {
        const std::string_view bytes = take(size);
        if (size > 0) std::memcpy(data, bytes.data(), size);
    }
    // The next `size` bytes, a view of those given to the constructor. Errors: UnpicklingError when there are fewer.
    std::string_view take(std::size_t size);
    // The number of bytes that are not read yet.
    std::size_t left() const noexcept { return left_.size(); }

private:
    std::string_view left_;
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
inline constexpr bool refers_elsewhere =
    std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> ||
    std::ranges::enable_borrowed_range<std::remove_cv_t<T>> ||  // string_view, span
    requires(const T& reference) {
        typename T::type;
        { reference.get() } -> std::same_as<typename T::type&>;  // reference_wrapper
    };

template <class T>
inline constexpr bool is_plain = std::is_trivially_copyable_v<T> && std::is_object_v<T> && !std::is_array_v<T> &&
                                 !refers_elsewhere<T> && !std::is_const_v<T>;
// An array or optional of pointers is as bad as the pointers.
template <class T>
inline constexpr bool is_plain<std::optional<T>> = false;
template <class T, std::size_t N>
inline constexpr bool is_plain<std::array<T, N>> = is_plain<T>;

template <class C>
concept PickledSequence = !is_plain<C> && requires(C& c, typename C::value_type value) {
    c.push_back(std::move(value));
    c.size();
    c.begin();
};
template <class C>
concept PickledMap = requires(C& c, typename C::key_type key, typename C::mapped_type value) {
    c.emplace(std::move(key), std::move(value));
    c.begin();
};
template <class C>
concept PickledSet = !PickledMap<C> && requires(C& c, typename C::key_type key) {
    c.emplace(std::move(key));
    c.begin();
};
// A sequence whose items are contiguous.
template <class C>
concept PickledBlock = PickledSequence<C> && is_plain<typename C::value_type> && requires(C& c) {
    { c.data() } -> std::same_as<typename C::value_type*>;
    c.resize(c.size());
};

template <class T>
inline constexpr bool is_tuple = false;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;

// A count, which the bytes that are left limit, as each item has at least one byte: so that a mistake
// does not allocate all memory.
std::size_t load_count(Unpickler& in, std::size_t item_size);

}  // namespace detail

template <class T>
    requires detail::is_plain<T>
struct Pickle<T> {
    static void save(Pickler& out, const T& value) { out.write(&value, sizeof value); }
    static T load(Unpickler& in) {
        std::array<std::byte, sizeof(T)> bytes;
        in.read(bytes.data(), sizeof(T));
        return __builtin_bit_cast(T, bytes);
    }
};

template <detail::PickledSequence C>
    requires Picklable<typename C::value_type>
struct Pickle<C> {
    using Item = typename C::value_type;

    static void save(Pickler& out, const C& items) {
        out.save(items.size());
        if constexpr (detail::PickledBlock<C>) {
            out.write(items.data(), items.size() * sizeof(Item));
        } else {
            for (const Item& item : items) out.save(item);
        }
    }
    static C load(Unpickler& in) {
        C items;
        if constexpr (detail::PickledBlock<C>) {
            items.resize(detail::load_count(in, sizeof(Item)));
            in.read(items.data(), items.size() * sizeof(Item));
        } else {
            for (std::size_t left = detail::load_count(in, 1); left > 0; --left) items.push_back(in.load<Item>());
        }
        return items;
    }
};

template <detail::PickledMap C>
    requires Picklable<typename C::key_type> && Picklable<typename C::mapped_type>
struct Pickle<C> {
    static void save(Pickler& out, const C& items) {
        out.save(items.size());
        for (const auto& [key, value] : items) out.save(key, value);
    }
    static C load(Unpickler& in) {
        C items;
        for (std::size_t left = detail::load_count(in, 1); left > 0; --left) {
            auto key = in.load<typename C::key_type>();
            items.emplace(std::move(key), in.load<typename C::mapped_type>());
        }
        return items;
    }
};

template <detail::PickledSet C>
    requires Picklable<typename C::key_type>
struct Pickle<C> {
    static void save(Pickler& out, const C& items) {
        out.save(items.size());
        for (const auto& item : items) out.save(item);
    }
    static C load(Unpickler& in) {
        C items;
        for (std::size_t left = detail::load_count(in, 1); left > 0; --left) {
            items.emplace(in.load<typename C::key_type>());
        }
        return items;
    }
};

template <class T>
    requires Picklable<T>
struct Pickle<std::optional<T>> {
    static void save(Pickler& out, const std::optional<T>& value) {
        out.save(value.has_value());
        if (value) out.save(*value);
    }
    static std::optional<T> load(Unpickler& in) {
        if (!in.load<bool>()) return std::nullopt;
        return in.load<T>();
    }
};

template <class... Ts>
    requires(!detail::is_plain<std::tuple<Ts...>> && (Picklable<Ts> && ...))
struct Pickle<std::tuple<Ts...>> {
    static void save(Pickler& out, const std::tuple<Ts...>& values) {
        std::apply([&out](const Ts&... each) { out.save(each...); }, values);
    }
    static std::tuple<Ts...> load(Unpickler& in) { return std::tuple<Ts...>{in.load<Ts>()...}; }
};

template <class A, class B>
    requires(!detail::is_plain<std::pair<A, B>> && Picklable<A> && Picklable<B>)
struct Pickle<std::pair<A, B>> {
    static void save(Pickler& out, const std::pair<A, B>& pair) { out.save(pair.first, pair.second); }
    static std::pair<A, B> load(Unpickler& in) { return std::pair<A, B>{in.load<A>(), in.load<B>()}; }
};

template <class T, std::size_t N>
    requires(!detail::is_plain<T> && Picklable<T>)
struct Pickle<std::array<T, N>> {
    static void save(Pickler& out, const std::array<T, N>& items) {
        for (const T& item : items) out.save(item);
    }
    static std::array<T, N> load(Unpickler& in) {
        return [&in]<std::size_t... I>(std::index_sequence<I...>) {
            return std::array<T, N>{(static_cast<void>(I), in.load<T>())...};
        }(std::make_index_sequence<N>());
    }
};

}  // namespace aio
