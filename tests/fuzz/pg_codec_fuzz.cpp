// What a PostgreSQL server may send as a value: any type, in either format, any bytes, read as any C++ type: a value or a
// db::ConversionError. What was read has no more parts than it had bytes; passed as an argument and read once more, it is the
// same. One that came in binary can be passed, unless it is a container or a double that was an integer.
//
// Input: a byte for the format (its lowest bit: text), one for the C++ type among those that fit (255: all), two with an oid (or
// another number, for any of the types), then the value.
#include <aio/db/enum_names.hpp>
#include <aio/pg/types.hpp>
#include <nlohmann/json.hpp>

#include "db/pg/codec/database_types.hpp"
#include "fuzz/property.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <map>
#include <tuple>
#include <type_traits>
#include <vector>

namespace aio::fuzz {

enum class Letter { a, b, c };
struct Address {
    std::optional<int> number;
    std::string street;
    friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace aio::fuzz

AIO_DB_ENUM(aio::fuzz::Letter, a, b, c)
AIO_DB_COLUMNS(aio::fuzz::Address, number, street)

namespace aio::fuzz {
namespace {

using namespace pg;

// --- types -----------------------------------------------------------------------------------------------------------

// Besides honest types, such as no server has: they contain themselves, or what there is not.
constexpr Oid kLies = 50100;

struct Types {
    Types() : catalog(test_types()) {
        Oid oid = kLies;
        const auto add = [&](TypeKind kind, Oid element, std::vector<TypeField> fields = {}) {
            catalog.add({.oid = oid, .name = "lie", .kind = kind, .element = element, .fields = std::move(fields)});
            oids.push_back(oid++);
        };
        add(TypeKind::domain, oid);
        add(TypeKind::array, oid);
        add(TypeKind::range, oid);
        add(TypeKind::multirange, oid);
        add(TypeKind::composite, 0, {{"self", oid}, {"number", 23}});
        add(TypeKind::array, kLies + 4);
        add(TypeKind::domain, kLies + 5);
        add(TypeKind::range, 1007);
        add(TypeKind::multirange, 23);
        add(TypeKind::array, 99'999);
        for (const Type& type : builtin_types()) oids.push_back(type.oid);
        for (Oid known = kMood; known <= kDocument; ++known) oids.push_back(known);
        oids.push_back(99'999);
    }
    Oid choose(unsigned number) const { return catalog.find(number) ? number : oids[number % oids.size()]; }

    TypeCatalog catalog;
    std::vector<Oid> oids;
};
const Types& types() {
    static const Types all;
    return all;
}

// --- the same --------------------------------------------------------------------------------------------------------

template <class T>
bool same(const T& a, const T& b) {
    return a == b;
}
bool same(double a, double b) { return a == b || (a != a && b != b); }
bool same(float a, float b) { return same(double{a}, double{b}); }
template <class D>
bool same(const std::chrono::hh_mm_ss<D>& a, const std::chrono::hh_mm_ss<D>& b) {
    return a.to_duration() == b.to_duration();
}
bool same(std::span<const std::byte> a, std::span<const std::byte> b) { return std::ranges::equal(a, b); }
template <class Shape>
bool same_numbers(const Shape& a, const Shape& b) {
    using Numbers = std::array<double, sizeof(Shape) / sizeof(double)>;
    const auto equal = [](double x, double y) { return same(x, y); };
    return std::ranges::equal(std::bit_cast<Numbers>(a), std::bit_cast<Numbers>(b), equal);
}
bool same(const Point& a, const Point& b) { return same_numbers(a, b); }
bool same(const Line& a, const Line& b) { return same_numbers(a, b); }
bool same(const LineSegment& a, const LineSegment& b) { return same_numbers(a, b); }
bool same(const Box& a, const Box& b) { return same_numbers(a, b); }
bool same(const Circle& a, const Circle& b) { return same_numbers(a, b); }
bool same(const std::vector<Point>& a, const std::vector<Point>& b) {
    return std::ranges::equal(a, b, [](const Point& x, const Point& y) { return same(x, y); });
}
bool same(const Path& a, const Path& b) { return a.closed == b.closed && same(a.points, b.points); }
bool same(const Polygon& a, const Polygon& b) { return same(a.points, b.points); }

// --- the number of parts ---------------------------------------------------------------------------------------------

template <class T>
std::size_t parts(const T&) {
    return 0;
}
std::size_t parts(const Path& path) { return path.points.size(); }
std::size_t parts(const Polygon& polygon) { return polygon.points.size(); }
std::size_t parts(const BitString& bits) { return bits.size() / 8; }
std::size_t parts(const Numeric& number) { return number.parts().digits.size(); }
template <class T>
std::size_t parts(const std::vector<T>& list) {
    std::size_t sum = list.size();
    for (const T& each : list) sum += parts(each);
    return sum;
}
template <class T>
std::size_t parts(const Array<T>& array) {
    require(array.dimensions.size() <= 6, "an array has at most 6 dimensions");
    return array.elements.size();
}

// --- properties ------------------------------------------------------------------------------------------------------

template <class T>
constexpr bool is_container = false;
template <class T>
constexpr bool is_container<std::vector<T>> = !std::is_same_v<T, std::byte>;
template <class T, std::size_t N>
constexpr bool is_container<std::array<T, N>> = true;
template <class T>
constexpr bool is_container<Array<T>> = true;
template <class T>
constexpr bool is_container<Range<T>> = true;
template <class... Ts>
constexpr bool is_container<std::tuple<Ts...>> = true;
template <>
constexpr bool is_container<Address> = true;

// int2vector and oidvector begin at 0, whatever was read.
template <class T>
T without_bounds(T value, const Value&) {
    return value;
}
template <class T>
Array<T> without_bounds(Array<T> array, const Value& value) {
    const bool is_vector = value.type().name == "int2vector" || value.type().name == "oidvector";
    for (Dimension& each : array.dimensions) each.lower_bound = is_vector ? 0 : each.lower_bound;
    return array;
}

template <class T>
constexpr bool is_text = std::is_convertible_v<T, std::string_view> || std::is_same_v<T, Letter>;
template <class T>
constexpr bool wants_names = std::is_same_v<T, Address> || std::is_same_v<T, std::vector<Address>>;

template <class T>
void go_back(const Value& value, const T& read) {
    const TypeCatalog& catalog = value.catalog();
    const bool changes_format = value.format() != catalog.format(value.oid());
    if (is_text<T> && changes_format) return;  // the text of a number becomes a number
    Parameters parameters;
    try {
        parameters.add(value.oid(), catalog, read);
    } catch (const db::ConversionError& error) {
        // An array may say that its elements are of another type than its own; a text may be anything.
        const bool must_fit = !is_container<T> && !std::is_same_v<T, double> && !changes_format;
        require(!must_fit, "what was read can be passed", error.what());
        return;
    }
    const Value again(value.oid(), catalog.format(value.oid()), parameters.values().substr(4), catalog, "again");
    try {
        require(same(without_bounds(again.get<T>(), value), without_bounds(read, value)),
                "what was passed is read as the same", db::type_name<T>());
    } catch (const db::TypeMismatchError& error) {
        require(is_container<T>, "what was passed can be read", error.what());  // its parts were of other types
    } catch (const db::ConversionError& error) {
        require(false, "what was passed can be read", error.what());
    }
}

// The fields of a record, and of those in it.
void look_into(const Value& value, int depth) {
    const Record record(value);
    require(record.size() <= value.bytes().size() / 8, "a field has bytes");
    for (std::size_t i = 0; i < record.size(); ++i) {
        try {
            (void)record.get<std::optional<std::string>>(i);
            if (depth < 8 && !record[i].is_null()) look_into(record[i], depth + 1);
        } catch (const db::ConversionError&) {}
    }
}

template <class T>
void read_as(const Value& value) {
    try {
        if constexpr (std::is_same_v<T, Record>) {
            look_into(value, 0);
        } else {
            const T read = value.get<T>();
            require(parts(read) <= 2 * value.bytes().size(), "there are no more parts than bytes");
            if constexpr (!std::is_same_v<T, std::monostate>) go_back(value, read);
        }
    } catch (const db::ConversionError&) {
    } catch (const db::ColumnError&) {
        require(wants_names<T>, "only structs want names of columns");
    }
}

// Whether T may fit the type, with other bytes: to throw costs more than all the rest.
template <class T>
bool fits(const Value& value) {
    try {
        (void)value.get<T>();
    } catch (const db::TypeMismatchError&) {
        return false;
    } catch (const db::ConversionError&) {
    } catch (const db::ColumnError&) {}
    return true;
}

struct Reader {
    void (*read)(const Value&);
    bool (*fits)(const Value&);
};

template <class... Ts>
struct Readers {
    static constexpr Reader kAll[] = {{&read_as<Ts>, &fits<Ts>}...};
};

namespace chrono = std::chrono;
template <class T>
using Optional = std::optional<T>;

using All =
    Readers<bool, std::int16_t, int, std::int64_t, std::uint32_t, std::uint64_t, double, float, Numeric, Money, char,
            Letter, std::string, std::string_view, nlohmann::json, Bytes, std::vector<std::byte>,
            std::span<const std::byte>, Uuid, BitString, chrono::sys_days, chrono::year_month_day,
            chrono::sys_time<chrono::microseconds>, chrono::sys_time<chrono::nanoseconds>, chrono::sys_seconds,
            chrono::local_time<chrono::microseconds>, chrono::local_time<chrono::hours>,
            chrono::hh_mm_ss<chrono::microseconds>, chrono::hh_mm_ss<chrono::seconds>, chrono::microseconds,
            chrono::nanoseconds, chrono::minutes, TimeTz, Interval, Inet, MacAddress, MacAddress8, Point, Line,
            LineSegment, Box, Path, Polygon, Circle, Lsn, Tid, std::monostate, Optional<int>, std::vector<int>,
            std::vector<Optional<std::string>>, std::vector<std::string_view>,
            std::vector<std::vector<Optional<std::string>>>, std::vector<Numeric>, Array<Optional<std::string>>,
            Array<Optional<std::int64_t>>, std::array<int, 2>, std::vector<std::vector<std::vector<bool>>>, Record,
            std::tuple<int, std::string>, std::tuple<Optional<std::string>, Optional<int>>, Address,
            std::vector<std::tuple<std::string, int>>, std::vector<Address>, Range<int>, Range<Numeric>,
            Range<chrono::sys_days>, Range<chrono::sys_time<chrono::microseconds>>, std::vector<Range<int>>,
            std::vector<Range<Numeric>>, std::vector<std::vector<Range<int>>>,
            std::map<std::string, Optional<std::string>>, std::vector<nlohmann::json>>;

// Those that fit the type.
const std::vector<Reader>& readers_for(Oid oid, Format format) {
    static std::map<std::pair<Oid, Format>, std::vector<Reader>> known;
    const auto [found, is_new] = known.try_emplace({oid, format});
    if (is_new) {
        const Value nothing(oid, format, "", types().catalog, "column");
        std::ranges::copy_if(All::kAll, std::back_inserter(found->second),
                             [&](const Reader& reader) { return reader.fits(nothing); });
    }
    return found->second;
}

}  // namespace
}  // namespace aio::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace aio::fuzz;
    std::string_view bytes = as_text(data, size);
    const Format format = take_byte(bytes) & 1 ? Format::text : Format::binary;
    const unsigned choice = take_byte(bytes);
    const unsigned high = take_byte(bytes);
    const Oid oid = types().choose(high << 8 | take_byte(bytes));
    const Value value(oid, format, bytes, types().catalog, "column");
    const std::vector<Reader>& readers = readers_for(oid, format);
    if (readers.empty()) return 0;
    if (choice != 255) {
        readers[choice % readers.size()].read(value);
    } else {
        for (const Reader& reader : readers) reader.read(value);
    }
    return 0;
}
