// Rows of a result, whatever the database: aio::pg::Row, aio::pg::Rows and their sisters are made of it.
//
//     const aio::sqlite::Rows rows = co_await db.fetch("SELECT id, name FROM users");
//     for (const aio::sqlite::Row& row : rows) fmt::print("{} {}\n", row.get<int>("id"), row.get<std::string>("name"));
//     auto [id, name] = rows[0].as<int, std::string>();
//     const auto user = aio::db::from_row<User>(rows[0]);                    // a struct, see aio/db/aggregate.hpp
//
// Rows hold the bytes of the result, and convert a value when it is read. They may outlive their connection, and may be read on any
// thread. std::string_view and other views are valid as long as the Rows or one of their Row objects.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/aggregate.hpp>
#include <aio/db/column_names.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace aio::db {

template <class Result>
class BasicRowIterator;

// One row. Copies share the result's memory. Result is a driver's way to its results: `using Data`, which may be incomplete, and
// static functions: names_of(data), a detail::ColumnNames; rows_of(data), their number; value_at(data, row, column), which throws
// ColumnError when there is no such column.
template <class Result>
class BasicRow {
    using Data = typename Result::Data;

public:
    // For the library.
    BasicRow(std::shared_ptr<const Data> data, std::size_t row) noexcept : data_(std::move(data)), row_(row) {}

    // The value of a column, by name or by position, as a T. Errors: db::ColumnError when there is no such column;
    // db::NullValueError for NULL, unless T is a std::optional; db::TypeMismatchError, db::OutOfRangeError.
    template <class T>
    T get(std::string_view column) const {
        return value(column).template get<T>();
    }
    template <class T>
    T get(std::size_t column) const {
        return value(column).template get<T>();
    }
    // All columns, from the first one on: `auto [id, name] = row.as<int, std::string>();`. Errors: as get(), and
    // db::ColumnError for another number of columns.
    template <class... Ts>
    std::tuple<Ts...> as() const {
        check_size(sizeof...(Ts));
        return as_tuple<Ts...>(std::index_sequence_for<Ts...>());
    }
    // The value without a type yet. Errors: db::ColumnError.
    auto value(std::string_view column) const { return value(position(column)); }
    auto value(std::size_t column) const { return Result::value_at(*data_, row_, column); }

    // The value of a column, or `otherwise` if there is no such column. Errors: as get(), but for db::ColumnError.
    template <class T>
    T get(std::string_view column, T otherwise) const {
        const auto found = Result::names_of(*data_).find(column);
        return found ? get<T>(*found) : std::move(otherwise);
    }
    // Whether it has a column of this name.
    bool contains(std::string_view column) const noexcept {
        return Result::names_of(*data_).find(column).has_value();
    }

    // The number of columns.
    std::size_t size() const noexcept { return Result::names_of(*data_).size(); }
    // The name of a column. Errors: db::ColumnError.
    std::string_view name(std::size_t column) const { return Result::names_of(*data_).at(column); }
    // The position of a column, which is the same in all rows of the result. Errors: db::ColumnError.
    std::size_t position(std::string_view column) const { return Result::names_of(*data_).position(column); }

private:
    friend class BasicRowIterator<Result>;
    void check_size(std::size_t wanted) const {
        if (wanted == size()) return;
        throw ColumnError("the row has " + std::to_string(size()) + " columns, not " + std::to_string(wanted));
    }
    template <class... Ts, std::size_t... Is>
    std::tuple<Ts...> as_tuple(std::index_sequence<Is...>) const {
        return std::tuple<Ts...>(get<Ts>(Is)...);
    }

    std::shared_ptr<const Data> data_;
    std::size_t row_;
};

// An input iterator over rows. The row that it refers to changes with it: copy a row to keep it.
template <class Result>
class BasicRowIterator {
public:
    using value_type = BasicRow<Result>;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    explicit BasicRowIterator(value_type row) noexcept : row_(std::move(row)) {}
    const value_type& operator*() const noexcept { return row_; }
    const value_type* operator->() const noexcept { return &row_; }
    BasicRowIterator& operator++() noexcept {
        ++row_.row_;
        return *this;
    }
    void operator++(int) noexcept { ++row_.row_; }
    bool operator==(const BasicRowIterator& other) const noexcept { return row_.row_ == other.row_.row_; }

private:
    value_type row_;
};

// The rows of a result.
template <class Result>
class BasicRows {
    using Data = typename Result::Data;

public:
    // For the library.
    explicit BasicRows(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

    std::size_t size() const noexcept { return Result::rows_of(*data_); }
    bool empty() const noexcept { return size() == 0; }
    // Errors: std::out_of_range.
    BasicRow<Result> operator[](std::size_t row) const {
        if (row < size()) return BasicRow<Result>(data_, row);
        throw std::out_of_range("Rows: row " + std::to_string(row) + " of " + std::to_string(size()));
    }
    BasicRowIterator<Result> begin() const { return BasicRowIterator<Result>(BasicRow<Result>(data_, 0)); }
    BasicRowIterator<Result> end() const { return BasicRowIterator<Result>(BasicRow<Result>(data_, size())); }

private:
    std::shared_ptr<const Data> data_;
};

}  // namespace aio::db
