// The errors of values: an argument of a statement, or the C++ type that a column is read into, does not fit the database's type.
//
//   ValueError
//     db::ConversionError      a value cannot be converted; the message names the parameter ("$2") or the column
//       db::TypeMismatchError  the C++ type does not fit the database's type, whatever the value
//       db::NullValueError     NULL, read into a type that cannot hold it: read it as std::optional
//       db::OutOfRangeError    the value does not fit: 70000 into int2, 1.5 into int
//       db::MalformedValueError  the server's bytes are not a value of their type
//     db::ColumnError          a row has no such column, or a different number of columns than a struct has fields
//     db::ArgumentCountError   a statement has more or fewer parameters than arguments were passed
#pragma once

#include <aio/base/error.hpp>

namespace aio::db {

// The base of the errors of a value's conversion.
class ConversionError : public ValueError {
public:
    using ValueError::ValueError;
};

// The C++ type does not fit the type of the column or parameter. The message names a type that does.
class TypeMismatchError : public ConversionError {
public:
    using ConversionError::ConversionError;
};

// A column is NULL, and the type that it is read into cannot hold NULL: use std::optional<T>.
class NullValueError : public ConversionError {
public:
    using ConversionError::ConversionError;
};

// The types fit, but the value does not. Numbers are never truncated.
class OutOfRangeError : public ConversionError {
public:
    using ConversionError::ConversionError;
};

// The server sent bytes that are not a value of the type that it announced. The connection remains usable.
class MalformedValueError : public ConversionError {
public:
    using ConversionError::ConversionError;
};

// A row has no column of that name or index, or not exactly one for each field of a struct.
class ColumnError : public ValueError {
public:
    using ValueError::ValueError;
};

// The number of arguments is not the number of the statement's parameters.
class ArgumentCountError : public ValueError {
public:
    using ValueError::ValueError;
};

}  // namespace aio::db
