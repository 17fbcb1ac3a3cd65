// The layout of rows of both protocols. What the values mean: db/mysql/codec.
#include "db/mysql/wire/row.hpp"

#include "db/mysql/wire/body.hpp"

namespace aio::mysql::wire {

Width width_of(std::uint8_t type) noexcept {
    switch (type) {
        case 1: return Width::one;                                       // TINYINT
        case 2:                                                          // SMALLINT
        case 13: return Width::two;                                      // YEAR
        case 3:                                                          // INT
        case 4:                                                          // FLOAT
        case 9: return Width::four;                                      // MEDIUMINT
        case 5:                                                          // DOUBLE
        case 8: return Width::eight;                                     // BIGINT
        case 6: return Width::none;                                      // NULL
        case 7:                                                          // TIMESTAMP
        case 10:                                                         // DATE
        case 12:                                                         // DATETIME
        case 14: return Width::date;                                     // NEWDATE
        case 11: return Width::time;                                     // TIME
        case 0:                                                          // DECIMAL
        case 15:                                                         // VARCHAR
        case 16: return Width::variable;                                 // BIT
        default: return type >= 242 ? Width::variable : Width::unknown;  // VECTOR, JSON, NEWDECIMAL, ENUM … GEOMETRY
    }
}

namespace {

std::size_t fixed_size(Width width) noexcept {
    switch (width) {
        case Width::one: return 1;
        case Width::two: return 2;
        case Width::four: return 4;
        case Width::eight: return 8;
        default: return 0;
    }
}

void check_binary_value(Body& body, Width width) {
    switch (width) {
        case Width::date: {
            const std::uint8_t size = body.u8("the length of a date");
            if (size != 0 && size != 4 && size != 7 && size != 11)
                body.refuse("has a date of " + std::to_string(size) + " bytes");
            body.bytes(size, "a date");
            return;
        }
        case Width::time: {
            const std::uint8_t size = body.u8("the length of a time");
            if (size != 0 && size != 8 && size != 12) body.refuse("has a time of " + std::to_string(size) + " bytes");
            body.bytes(size, "a time");
            return;
        }
        case Width::variable: body.lenenc_text("a value"); return;
        case Width::unknown: body.refuse("has a column of a type that this client does not know");
        default: body.bytes(fixed_size(width), "a value");
    }
}

}  // namespace

std::string_view take_binary_value(const char*& at, Width width) noexcept {
    std::size_t size = fixed_size(width);
    if (width == Width::date || width == Width::time) size = static_cast<unsigned char>(*at++);
    if (width == Width::variable) return *take_text_value(at);
    const std::string_view value(at, size);
    at += size;
    return value;
}

void check_text_row(std::string_view payload, std::size_t columns, std::uint32_t* places) {
    Body body(payload, "a row");
    for (std::size_t i = 0; i < columns; ++i) {
        if (places) places[i] = static_cast<std::uint32_t>(payload.size() - body.size());
        if (body.is_at(0xfb)) {
            body.u8("NULL");
        } else {
            body.lenenc_text("a value");
        }
    }
    body.finish();
}

void check_binary_row(std::string_view payload, std::span<const Width> columns, std::uint32_t* places) {
    Body body(payload, "a row");
    if (body.u8("its header") != 0) body.refuse("does not begin with 0");
    body.bytes((columns.size() + 9) / 8, "the bits for NULL");
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (places) places[i] = static_cast<std::uint32_t>(payload.size() - body.size());
        if (!is_binary_null(payload.data(), i)) check_binary_value(body, columns[i]);
    }
    body.finish();
}

}  // namespace aio::mysql::wire
