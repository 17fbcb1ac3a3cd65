// PostgreSQL's types: their oids, names and binary layouts. Only codecs and PreparedStatement's descriptions need this header.
//
// The built-in types are a constexpr table. Those of a database (enums, composites, domains, ranges, extensions) have oids of
// their own; the driver asks the server for them and adds them to the connection's TypeCatalog.
//
// Source: PostgreSQL 17, src/include/catalog/pg_type.dat, pg_range.dat.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aio::pg {

// An object identifier: the number of a type.
using Oid = std::uint32_t;

// How a value is sent: the format codes of the messages Bind and RowDescription.
enum class Format : std::int16_t { text = 0, binary = 1 };

// What a type is made of: pg_type.typtype, and arrays.
enum class TypeKind : std::uint8_t { base, array, composite, domain, enumeration, range, multirange, pseudo };

// The binary format of a type. Several types share one; text_only types are sent and received as text.
enum class Layout : std::uint8_t {
    text_only,
    nothing,
    boolean,
    int2,
    int4,
    int8,
    oid,
    xid8,
    float4,
    float8,
    numeric,
    money,
    text,
    json,
    versioned_json,  // jsonb: a version byte, then the text
    versioned_text,  // jsonpath: the same
    letter,          // "char", one byte
    bytes,
    uuid,
    date,
    time,
    timetz,
    timestamp,
    timestamptz,
    interval,
    inet,
    macaddr,
    macaddr8,
    bits,
    point,
    line,
    lseg,
    box,
    path,
    polygon,
    circle,
    lsn,
    tid,
    hstore,
    array,
    record,
    range,
    multirange
};

// A field of a composite type.
struct TypeField {
    std::string name;  // of the column
    Oid type;          // of its values
};

// A type. Names and fields live as long as the program or the catalog.
struct Type {
    Oid oid = 0;            // its number
    std::string_view name;  // as format_type() would print it, but with PostgreSQL's short names: int4, timestamptz
    TypeKind kind = TypeKind::base;     // what it is made of
    Layout layout = Layout::text_only;  // its binary format
    Oid array = 0;                      // the type of arrays of it, or 0
    Oid element = 0;  // of an array or range: its elements; of a domain: the base; of a multirange: the range
    std::span<const TypeField> fields;  // of a composite
    char delimiter = ',';               // between the elements of an array in text format
};

// The built-in type with this oid or name ("int4", "int4[]"), or null.
const Type* find_builtin_type(Oid oid) noexcept;
const Type* find_builtin_type(std::string_view name) noexcept;
// All of them, sorted by oid.
std::span<const Type> builtin_types() noexcept;

// What the driver has learnt from the server about a type.
struct TypeDescription {
    Oid oid = 0;                     // as in Type
    std::string name;                // extension types are recognized by it: hstore, citext
    TypeKind kind = TypeKind::base;  // as in Type
    Oid array = 0;                   // as in Type
    Oid element = 0;                 // as in Type
    std::vector<TypeField> fields;   // of a composite, in order, without dropped ones
    char delimiter = ',';            // as in Type
};

// The types that a connection knows. Rows refer to it, so it lives as long as they do. It only grows: a type that is added
// again replaces the old one for later values. To forget all, start a new catalog.
class TypeCatalog {
public:
    // One of the built-in types.
    TypeCatalog();
    // Of all types that `other` knows.
    TypeCatalog(const TypeCatalog& other);
    TypeCatalog& operator=(const TypeCatalog&) = delete;
    ~TypeCatalog();

    // Adds a type. Types may be added in any order; an element that is missing makes values of the type text.
    const Type& add(TypeDescription description);

    // The type with this oid; null if it is neither built-in nor added: the driver then asks the server.
    const Type* find(Oid oid) const noexcept;
    // The type whose values are sent for it: the base of a domain, else itself. An unknown one is text_only and unnamed.
    const Type& resolve(Oid oid) const noexcept;
    // Whether values go in binary: the type, and everything in it, has a known binary layout.
    bool has_binary(Oid oid) const noexcept;
    // The format that the driver asks for in a column of this type, and sends a parameter of it in.
    Format format(Oid oid) const noexcept { return has_binary(oid) ? Format::binary : Format::text; }
    // The name for messages; "unknown (oid 12345)".
    std::string name(Oid oid) const;

private:
    struct Added;

    bool has_binary(Oid oid, int depth) const noexcept;

    std::unique_ptr<Added> added_;
};

}  // namespace aio::pg
