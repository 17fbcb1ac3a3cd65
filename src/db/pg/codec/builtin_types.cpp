// The table of PostgreSQL's built-in types, and looking a type up in it. Types of a database: type_catalog.cpp.
#include <aio/pg/type.hpp>

#include <algorithm>
#include <array>

namespace aio::pg {

namespace {

// A type and its arrays.
struct Pair {
    Type type, array;
};

constexpr Pair pair(Oid oid, std::string_view name, std::string_view array_name, Oid array, TypeKind kind,
                    Layout layout, Oid element = 0) {
    // Only the elements of boxes are separated by semicolons, since a box has commas.
    const char delimiter = layout == Layout::box ? ';' : ',';
    return {{oid, name, kind, layout, array, element, {}, delimiter},
            {array, array_name, TypeKind::array, Layout::array, 0, oid, {}, delimiter}};
}

#define AIO_BASE(oid, name, array, layout) pair(oid, name, name "[]", array, TypeKind::base, Layout::layout)
#define AIO_RANGE(oid, name, array, element) \
    pair(oid, name, name "[]", array, TypeKind::range, Layout::range, element)
#define AIO_MULTIRANGE(oid, name, array, range) \
    pair(oid, name, name "[]", array, TypeKind::multirange, Layout::multirange, range)

// oid, name, oid of its arrays, layout or element.
constexpr Pair kPairs[] = {
    AIO_BASE(16, "bool", 1000, boolean),
    AIO_BASE(17, "bytea", 1001, bytes),
    AIO_BASE(18, "\"char\"", 1002, letter),
    AIO_BASE(19, "name", 1003, text),
    AIO_BASE(20, "int8", 1016, int8),
    AIO_BASE(21, "int2", 1005, int2),
    AIO_BASE(23, "int4", 1007, int4),
    AIO_BASE(24, "regproc", 1008, oid),
    AIO_BASE(25, "text", 1009, text),
    AIO_BASE(26, "oid", 1028, oid),
    AIO_BASE(27, "tid", 1010, tid),
    AIO_BASE(28, "xid", 1011, oid),
    AIO_BASE(29, "cid", 1012, oid),
    AIO_BASE(114, "json", 199, json),
    AIO_BASE(142, "xml", 143, text),
    AIO_BASE(600, "point", 1017, point),
    AIO_BASE(601, "lseg", 1018, lseg),
    AIO_BASE(602, "path", 1019, path),
    AIO_BASE(603, "box", 1020, box),
    AIO_BASE(604, "polygon", 1027, polygon),
    AIO_BASE(628, "line", 629, line),
    AIO_BASE(650, "cidr", 651, inet),
    AIO_BASE(700, "float4", 1021, float4),
    AIO_BASE(701, "float8", 1022, float8),
    AIO_BASE(718, "circle", 719, circle),
    AIO_BASE(774, "macaddr8", 775, macaddr8),
    AIO_BASE(790, "money", 791, money),
    AIO_BASE(829, "macaddr", 1040, macaddr),
    AIO_BASE(869, "inet", 1041, inet),
    AIO_BASE(1033, "aclitem", 1034, text_only),
    AIO_BASE(1042, "bpchar", 1014, text),
    AIO_BASE(1043, "varchar", 1015, text),
    AIO_BASE(1082, "date", 1182, date),
    AIO_BASE(1083, "time", 1183, time),
    AIO_BASE(1114, "timestamp", 1115, timestamp),
    AIO_BASE(1184, "timestamptz", 1185, timestamptz),
    AIO_BASE(1186, "interval", 1187, interval),
    AIO_BASE(1266, "timetz", 1270, timetz),
    AIO_BASE(1560, "bit", 1561, bits),
    AIO_BASE(1562, "varbit", 1563, bits),
    AIO_BASE(1700, "numeric", 1231, numeric),
    AIO_BASE(1790, "refcursor", 2201, text),
    AIO_BASE(2202, "regprocedure", 2207, oid),
    AIO_BASE(2203, "regoper", 2208, oid),
    AIO_BASE(2204, "regoperator", 2209, oid),
    AIO_BASE(2205, "regclass", 2210, oid),
    AIO_BASE(2206, "regtype", 2211, oid),
    AIO_BASE(2275, "cstring", 1263, text),
    AIO_BASE(2950, "uuid", 2951, uuid),
    AIO_BASE(2970, "txid_snapshot", 2949, text_only),
    AIO_BASE(3220, "pg_lsn", 3221, lsn),
    AIO_BASE(3614, "tsvector", 3643, text_only),
    AIO_BASE(3615, "tsquery", 3645, text_only),
    AIO_BASE(3642, "gtsvector", 3644, text_only),
    AIO_BASE(3734, "regconfig", 3735, oid),
    AIO_BASE(3769, "regdictionary", 3770, oid),
    AIO_BASE(3802, "jsonb", 3807, versioned_json),
    AIO_BASE(4072, "jsonpath", 4073, versioned_text),
    AIO_BASE(4089, "regnamespace", 4090, oid),
    AIO_BASE(4096, "regrole", 4097, oid),
    AIO_BASE(4191, "regcollation", 4192, oid),
    AIO_BASE(5038, "pg_snapshot", 5039, text_only),
    AIO_BASE(5069, "xid8", 271, xid8),
    AIO_RANGE(3904, "int4range", 3905, 23),
    AIO_RANGE(3906, "numrange", 3907, 1700),
    AIO_RANGE(3908, "tsrange", 3909, 1114),
    AIO_RANGE(3910, "tstzrange", 3911, 1184),
    AIO_RANGE(3912, "daterange", 3913, 1082),
    AIO_RANGE(3926, "int8range", 3927, 20),
    AIO_MULTIRANGE(4451, "int4multirange", 6150, 3904),
    AIO_MULTIRANGE(4532, "nummultirange", 6151, 3906),
    AIO_MULTIRANGE(4533, "tsmultirange", 6152, 3908),
    AIO_MULTIRANGE(4534, "tstzmultirange", 6153, 3910),
    AIO_MULTIRANGE(4535, "datemultirange", 6155, 3912),
    AIO_MULTIRANGE(4536, "int8multirange", 6157, 3926),
    pair(2249, "record", "record[]", 2287, TypeKind::pseudo, Layout::record),
};

#undef AIO_BASE
#undef AIO_RANGE
#undef AIO_MULTIRANGE

// Types without a type for their arrays, or that are arrays themselves.
constexpr Type kSingles[] = {
    {22, "int2vector", TypeKind::array, Layout::array, 1006, 21, {}, ','},
    {30, "oidvector", TypeKind::array, Layout::array, 1013, 26, {}, ','},
    {194, "pg_node_tree", TypeKind::base, Layout::text_only, 0, 0, {}, ','},
    {705, "unknown", TypeKind::pseudo, Layout::text, 0, 0, {}, ','},
    {1006, "int2vector[]", TypeKind::array, Layout::array, 0, 22, {}, ','},
    {1013, "oidvector[]", TypeKind::array, Layout::array, 0, 30, {}, ','},
    {2277, "anyarray", TypeKind::pseudo, Layout::array, 0, 0, {}, ','},  // in pg_stats: the value names its elements
    {2278, "void", TypeKind::pseudo, Layout::nothing, 0, 0, {}, ','},
};

constexpr auto make_table() {
    std::array<Type, 2 * std::size(kPairs) + std::size(kSingles)> result{};
    std::size_t size = 0;
    for (const Pair& each : kPairs) {
        result[size++] = each.type;
        result[size++] = each.array;
    }
    for (const Type& each : kSingles) result[size++] = each;
    std::ranges::sort(result, {}, &Type::oid);
    return result;
}

constexpr auto kTypes = make_table();
static_assert(std::ranges::adjacent_find(kTypes, {}, &Type::oid) == kTypes.end(), "an oid is in the table twice");

}  // namespace

std::span<const Type> builtin_types() noexcept { return kTypes; }

const Type* find_builtin_type(Oid oid) noexcept {
    const auto found = std::ranges::lower_bound(kTypes, oid, {}, &Type::oid);
    return found == kTypes.end() || found->oid != oid ? nullptr : &*found;
}

const Type* find_builtin_type(std::string_view name) noexcept {
    const auto found = std::ranges::find(kTypes, name, &Type::name);
    return found == kTypes.end() ? nullptr : &*found;
}

}  // namespace aio::pg
