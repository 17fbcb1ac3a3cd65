// The arguments of a statement, as the thread of a connection binds them.
//
//     co_await db.execute("INSERT INTO t VALUES(?, ?)", 1, "one");
//     co_await db.execute("UPDATE t SET name = :name WHERE id = :id", named("id", 1), named("name", "uno"));
#pragma once

#include <aio/sqlite/codec_time.hpp>
#include <aio/sqlite/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::sqlite {

// An argument for the parameter of this name: ":id", "@id" or "$id".
template <class T>
struct Named {
    std::string_view name;  // without or with its sign; it must live until the call
    T value;

    Named(std::string_view the_name, T the_value) : name(the_name), value(std::move(the_value)) {}
};

// Makes one. A statement that has named parameters may also be given them in order, without names.
template <class T>
Named<T> named(std::string_view name, T value) {
    return Named<T>(name, std::move(value));
}

namespace detail {

// The arguments of a statement that is run once or several times. The values are copied: a statement that was cancelled may still
// be reading them.
class Parameters {
public:
    template <class... Args>
    void add_set(const Args&... args) {
        per_set_ = sizeof...(Args);
        ++sets_;
        [[maybe_unused]] std::size_t number = 0;
        (add(++number, args), ...);
    }

    std::size_t sets() const noexcept { return sets_; }
    // Of each set.
    std::size_t per_set() const noexcept { return per_set_; }
    const std::vector<Cell>& cells() const noexcept { return cells_; }
    const std::string& bytes() const noexcept { return bytes_; }
    // The names of a set's arguments; "" for one without. Empty: there are none.
    const std::vector<std::string>& names() const noexcept { return names_; }

private:
    template <class T>
    void add(std::size_t number, const T& value) {
        Encoder(cells_.emplace_back(), bytes_, number).encode(value);
    }
    template <class T>
    void add(std::size_t number, const Named<T>& argument) {
        add_name(number, argument.name);
        Encoder(cells_.emplace_back(), bytes_, 0, argument.name).encode(argument.value);
    }
    void add_name(std::size_t number, std::string_view name);

    std::vector<Cell> cells_;
    std::string bytes_;
    std::vector<std::string> names_;
    std::size_t sets_ = 0;
    std::size_t per_set_ = 0;
};

}  // namespace detail

}  // namespace aio::sqlite
