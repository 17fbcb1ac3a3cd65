// Record: a composite value whose fields are read one by one.
#pragma once

#include <aio/pg/value.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace aio::pg {

// A view of a composite, valid as long as the row. To own the values, read a std::tuple or a struct with AIO_DB_COLUMNS. Field
// names are known for the database's composite types, but not for an anonymous record such as ROW(1, 2).
class Record {
public:
    // Errors: db::TypeMismatchError, db::MalformedValueError.
    explicit Record(const Value& value);

    // The number of fields.
    std::size_t size() const noexcept { return fields_.size(); }
    // A field, by index or by name. Errors: db::ColumnError, if there is none; by name, db::TypeMismatchError if the type was
    // altered while the rows were sent, so that nothing is known of the names.
    const Value& operator[](std::size_t index) const;
    const Value& operator[](std::string_view name) const;
    // The value of a field. Errors: db::ColumnError; those of Value::get().
    template <class T>
    T get(std::size_t index) const {
        return (*this)[index].template get<T>();
    }
    template <class T>
    T get(std::string_view name) const {
        return (*this)[name].template get<T>();
    }

private:
    Value value_;
    std::vector<Value> fields_;
    bool has_known_fields_;
};

}  // namespace aio::pg
