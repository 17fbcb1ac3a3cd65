// Whatever bytes a server sends for whatever type: a value, or a typed error.
#include <nlohmann/json.hpp>

#include "db/pg/codec/wire_values.hpp"

#include <map>
#include <random>

namespace aio::pg {
namespace {

template <class T>
void read_as(const Value& value) {
    try {
        (void)value.get<T>();
    } catch (const db::ConversionError&) {}
}

void read_as_everything(const Value& value) {
    read_as<bool>(value);
    read_as<int>(value);
    read_as<std::uint64_t>(value);
    read_as<double>(value);
    read_as<float>(value);
    read_as<Numeric>(value);
    read_as<Money>(value);
    read_as<char>(value);
    read_as<std::string>(value);
    read_as<std::string_view>(value);
    read_as<nlohmann::json>(value);
    read_as<Bytes>(value);
    read_as<std::span<const std::byte>>(value);
    read_as<Uuid>(value);
    read_as<BitString>(value);
    read_as<std::chrono::sys_days>(value);
    read_as<std::chrono::year_month_day>(value);
    read_as<std::chrono::sys_time<std::chrono::nanoseconds>>(value);
    read_as<std::chrono::local_time<std::chrono::hours>>(value);
    read_as<std::chrono::hh_mm_ss<std::chrono::seconds>>(value);
    read_as<std::chrono::nanoseconds>(value);
    read_as<TimeTz>(value);
    read_as<Interval>(value);
    read_as<Inet>(value);
    read_as<MacAddress>(value);
    read_as<MacAddress8>(value);
    read_as<Point>(value);
    read_as<Line>(value);
    read_as<Box>(value);
    read_as<Path>(value);
    read_as<Polygon>(value);
    read_as<Circle>(value);
    read_as<Lsn>(value);
    read_as<Tid>(value);
    read_as<std::vector<int>>(value);
    read_as<std::vector<std::vector<std::optional<std::string>>>>(value);
    read_as<Array<std::string>>(value);
    read_as<std::array<int, 2>>(value);
    read_as<Record>(value);
    read_as<std::tuple<int, std::string>>(value);
    read_as<std::vector<std::tuple<std::string, int>>>(value);
    read_as<Range<int>>(value);
    read_as<Range<std::chrono::sys_days>>(value);
    read_as<std::vector<Range<Numeric>>>(value);
    read_as<std::map<std::string, std::optional<std::string>>>(value);
    read_as<std::monostate>(value);
}

std::vector<Oid> all_types() {
    std::vector<Oid> result;
    for (const Type& type : builtin_types()) result.push_back(type.oid);
    for (Oid oid = kMood; oid <= kDocument; ++oid) result.push_back(oid);
    result.push_back(99999);
    return result;
}

TEST(HostileServer, of_any_bytes_makes_typed_errors) {
    std::mt19937 random(20261130);
    for (const Oid oid : all_types()) {
        for (int i = 0; i < 8; ++i) {
            std::string bytes(random() % 40, '\0');
            // Small numbers are more often counts and lengths that are nearly right.
            for (char& c : bytes) c = static_cast<char>(random() % 3 == 0 ? random() : random() % 3);
            bytes.shrink_to_fit();
            read_as_everything(value_of(bytes, oid));
        }
    }
}

TEST(HostileServer, of_any_text_makes_typed_errors) {
    std::mt19937 random(20261130);
    for (const Oid oid : all_types()) {
        for (int i = 0; i < 4; ++i) {
            std::string text(random() % 12, '\0');
            for (char& c : text) c = "{}\",\\[]:=1 -NaULx;"[random() % 18];
            read_as_everything(value_of(text, oid, Format::text));
        }
    }
}

TEST(HostileServer, of_damaged_values_makes_typed_errors) {
    const std::pair<Oid, std::string> good[] = {
        {1007, encoded(1007, std::vector<std::optional<int>>{1, std::nullopt, 3})},
        {1009, encoded(1009, std::vector<std::string>{"a", "bc"})},
        {kAddress, encoded(kAddress, std::tuple(std::string("Main"), 7))},
        {kAddresses, encoded(kAddresses, std::vector{std::tuple(std::string("Main"), 7)})},
        {4451, encoded(4451, std::vector<Range<int>>{{1, 2}, {5, 6}})},
        {3906, encoded(3906, Range<Numeric>(1, 2))},
        {1700, encoded(1700, Numeric("123456789.123456789"))},
        {604, encoded(604, Polygon{{{1, 2}, {3, 4}}})},
        {1562, encoded(1562, BitString("1111000010"))},
        {869, encoded(869, Inet("2001:db8::1"))},
    };
    std::mt19937 random(20261130);
    for (const auto& [oid, bytes] : good) {
        for (int i = 0; i < 60; ++i) {
            std::string damaged = bytes;
            for (auto times = 1 + random() % 3; times > 0; --times)
                damaged[random() % damaged.size()] = static_cast<char>(random());
            damaged.resize(damaged.size() - (random() % 2) * (random() % damaged.size()));
            damaged.shrink_to_fit();
            read_as_everything(value_of(damaged, oid));
        }
    }
}

}  // namespace
}  // namespace aio::pg
