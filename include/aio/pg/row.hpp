// Rows of a result, and their values.
//
//     aio::pg::Rows rows = co_await connection.fetch("SELECT id, name FROM users");
//     for (const aio::pg::Row& row : rows) fmt::print("{} {}\n", row.get<int>("id"), row.get<std::string>("name"));
//     auto [id, name] = rows[0].as<int, std::string>();
//
// Rows hold the bytes that the server sent, and convert a value when it is read. They may outlive their connection, and may be
// read on any thread. std::string_view and other views are valid as long as the Rows or one of their Row objects.
#pragma once

#include <aio/db/aggregate.hpp>
#include <aio/pg/codec.hpp>
#include <aio/pg/codec_containers.hpp>
#include <aio/pg/codec_time.hpp>
#include <aio/pg/value.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace aio::pg {

namespace detail {

struct ResultData;

// Which of a statement's rows are kept.
enum class RowsWanted : std::uint8_t { none, first, all };

std::size_t columns_of(const ResultData& data) noexcept;
std::size_t rows_of(const ResultData& data) noexcept;
// Errors: db::ColumnError.
Value value_at(const ResultData& data, std::size_t row, std::size_t column);
std::size_t column_named(const ResultData& data, std::string_view name);
std::string_view column_name(const ResultData& data, std::size_t column);
bool has_column(const ResultData& data, std::string_view name) noexcept;

}  // namespace detail

// One row. Copies share the result's memory.
class Row {
public:
    // For the library.
    Row(std::shared_ptr<const detail::ResultData> data, std::size_t row) noexcept
        : data_(std::move(data)), row_(row) {}

    // The value of a column, by name or by position, as a T. Errors: db::ColumnError when there is no such column;
    // db::NullValueError for NULL, unless T is a std::optional; db::TypeMismatchError, db::OutOfRangeError.
    template <class T>
    T get(std::string_view column) const {
        return value(column).get<T>();
    }
    template <class T>
    T get(std::size_t column) const {
        return value(column).get<T>();
    }
    // All columns, from the first one on: `auto [id, name] = row.as<int, std::string>();`. Errors: as get(), and
    // db::ColumnError for another number of columns.
    template <class... Ts>
    std::tuple<Ts...> as() const {
        check_size(sizeof...(Ts));
        return as_tuple<Ts...>(std::index_sequence_for<Ts...>());
    }
    // The value without a type yet. Errors: db::ColumnError.
    Value value(std::string_view column) const {
        return detail::value_at(*data_, row_, detail::column_named(*data_, column));
    }
    Value value(std::size_t column) const { return detail::value_at(*data_, row_, column); }

    // The same, or `otherwise` if there is no such column. Errors: as get(), but for db::ColumnError.
    template <class T>
    T get(std::string_view column, T otherwise) const {
        return contains(column) ? get<T>(column) : std::move(otherwise);
    }
    // Whether it has a column of this name.
    bool contains(std::string_view column) const noexcept { return detail::has_column(*data_, column); }

    // The number of columns.
    std::size_t size() const noexcept { return detail::columns_of(*data_); }
    // The name of a column. Errors: db::ColumnError.
    std::string_view name(std::size_t column) const { return detail::column_name(*data_, column); }

private:
    friend class RowIterator;
    void check_size(std::size_t wanted) const;
    template <class... Ts, std::size_t... Is>
    std::tuple<Ts...> as_tuple(std::index_sequence<Is...>) const {
        return std::tuple<Ts...>(get<Ts>(Is)...);
    }

    std::shared_ptr<const detail::ResultData> data_;
    std::size_t row_;
};

// An input iterator over Rows. The Row that it refers to changes with it: copy a Row to keep it.
class RowIterator {
public:
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    explicit RowIterator(Row row) noexcept : row_(std::move(row)) {}
    const Row& operator*() const noexcept { return row_; }
    const Row* operator->() const noexcept { return &row_; }
    RowIterator& operator++() noexcept {
        ++row_.row_;
        return *this;
    }
    void operator++(int) noexcept { ++row_.row_; }
    bool operator==(const RowIterator& other) const noexcept { return row_.row_ == other.row_.row_; }

private:
    Row row_;
};

// The rows of a result.
class Rows {
public:
    // For the library.
    explicit Rows(std::shared_ptr<const detail::ResultData> data) noexcept : data_(std::move(data)) {}

    std::size_t size() const noexcept { return detail::rows_of(*data_); }
    bool empty() const noexcept { return size() == 0; }
    // Errors: std::out_of_range.
    Row operator[](std::size_t row) const;
    RowIterator begin() const { return RowIterator(Row(data_, 0)); }
    RowIterator end() const { return RowIterator(Row(data_, size())); }

private:
    std::shared_ptr<const detail::ResultData> data_;
};

}  // namespace aio::pg
