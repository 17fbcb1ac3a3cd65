// Names of types.
#include <aio/mysql/type.hpp>

namespace aio::mysql {

namespace {

// Text and bytes share the numbers of their types.
const char* text_name(const ColumnType& column) noexcept {
    const bool is_bytes = column.charset == 63;
    if ((column.flags & ColumnType::kEnum) != 0) return "ENUM";
    if ((column.flags & ColumnType::kSet) != 0) return "SET";
    switch (column.type) {
        case FieldType::json: return "JSON";
        case FieldType::geometry: return "GEOMETRY";
        case FieldType::vector: return "VECTOR";
        case FieldType::enumeration: return "ENUM";
        case FieldType::set: return "SET";
        case FieldType::tiny_blob:
        case FieldType::medium_blob:
        case FieldType::long_blob:
        case FieldType::blob: return is_bytes ? "BLOB" : "TEXT";
        case FieldType::string: return is_bytes ? "BINARY" : "CHAR";
        default: return is_bytes ? "VARBINARY" : "VARCHAR";
    }
}

}  // namespace

std::string ColumnType::name() const {
    const char* const sign = is_unsigned() ? " UNSIGNED" : "";
    switch (type) {
        case FieldType::tiny_int: return std::string("TINYINT") + sign;
        case FieldType::small_int: return std::string("SMALLINT") + sign;
        case FieldType::medium_int: return std::string("MEDIUMINT") + sign;
        case FieldType::int_: return std::string("INT") + sign;
        case FieldType::big_int: return std::string("BIGINT") + sign;
        case FieldType::year: return "YEAR";
        case FieldType::float_: return "FLOAT";
        case FieldType::double_: return "DOUBLE";
        case FieldType::decimal:
        case FieldType::new_decimal: return "DECIMAL";
        case FieldType::bit: return "BIT";
        case FieldType::date:
        case FieldType::new_date: return "DATE";
        case FieldType::datetime: return "DATETIME";
        case FieldType::timestamp: return "TIMESTAMP";
        case FieldType::time: return "TIME";
        case FieldType::null: return "NULL";
        default: return text_name(*this);
    }
}

}  // namespace aio::mysql
