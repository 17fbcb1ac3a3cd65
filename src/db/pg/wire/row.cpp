// Checks rows and their descriptions once; row.hpp reads the values.
#include "db/pg/wire/row.hpp"

#include "db/pg/wire/body.hpp"

#include <cstring>

namespace aio::pg::wire {

Field decode_field(const char*& at) noexcept {
    Field field;
    field.name = at;
    at += field.name.size() + 1;
    field.table = load_u32(at);
    field.column = static_cast<std::int16_t>(load_u16(at + 4));
    field.type = load_u32(at + 6);
    field.size = static_cast<std::int16_t>(load_u16(at + 10));
    field.modifier = static_cast<std::int32_t>(load_u32(at + 12));
    field.format = static_cast<Format>(load_u16(at + 16));
    at += 18;
    return field;
}

RowDescription parse_row_description(const Message& message) {
    Body body(message, MessageType::row_description);
    const std::size_t count = body.u16("the number of fields");
    const char* const begin = Body(body).rest().data();
    for (std::size_t i = 0; i < count; ++i) {
        body.c_string("the name of a field");
        body.bytes(16, "the description of a field");
        const unsigned format = body.u16("the format of a field");
        if (format > 1) body.refuse("has a field of the unknown format " + std::to_string(format));
    }
    body.finish();
    return {begin, count};
}

DataRow parse_data_row(const Message& message, std::size_t columns, std::uint32_t* places) {
    Body body(message, MessageType::data_row);
    const std::size_t count = body.u16("the number of columns");
    if (count != columns) {
        body.refuse("has " + std::to_string(count) + " columns, and the RowDescription has " +
                    std::to_string(columns));
    }
    const char* const begin = Body(body).rest().data();
    for (std::size_t i = 0; i < count; ++i) {
        if (places) places[i] = static_cast<std::uint32_t>(message.body.size() - body.size());
        const std::uint32_t size = body.u32("the length of a value");
        if (size != ~std::uint32_t{0}) body.bytes(size, "a value");
    }
    body.finish();
    return {begin, count};
}

}  // namespace aio::pg::wire
