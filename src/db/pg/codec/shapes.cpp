// Network addresses, geometric shapes, and positions in the server's files: types of a few numbers.
//
// Source: PostgreSQL 17, src/backend/utils/adt: network.c (network_send), mac.c, mac8.c, geo_ops.c, pg_lsn.c, tid.c.
#include <aio/pg/codec_functions.hpp>

#include "db/pg/codec/big_endian.hpp"

#include <algorithm>
#include <utility>

namespace aio::pg::detail {

namespace {

// The families of addresses: PGSQL_AF_INET, which is Linux' AF_INET, and the number after it.
constexpr std::uint8_t kIPv4 = 2, kIPv6 = 3;
constexpr Oid kCidr = 650;

constexpr std::size_t address_size(bool is_ipv6) noexcept { return is_ipv6 ? 16 : 4; }

std::vector<Point> take_points(const Value& value, Input& input) {
    const auto count = input.take<std::int32_t>();
    if (count < 0 || input.rest().size() != static_cast<std::size_t>(count) * sizeof(Point)) {
        throw_malformed(value, "the number of its points is wrong");
    }
    std::vector<Point> points(static_cast<std::size_t>(count));
    for (Point& point : points) {
        point.x = input.take_double();
        point.y = input.take_double();
    }
    return points;
}

void append_points(Encoder& encoder, const std::vector<Point>& points) {
    if (!std::in_range<std::int32_t>(points.size())) {
        throw_out_of_range(encoder, std::to_string(points.size()) + " points");
    }
    append_big_endian(encoder.output(), static_cast<std::int32_t>(points.size()));
    for (const Point& point : points) {
        append_double(encoder.output(), point.x);
        append_double(encoder.output(), point.y);
    }
}

}  // namespace

Inet read_inet(const Value& value, NameOf name) {
    expect_layout(value, Layout::inet, name);
    Input input(value);
    const auto family = input.take<std::uint8_t>();
    Inet result;
    result.is_ipv6 = family == kIPv6;
    result.prefix = input.take<std::uint8_t>();
    input.take<std::uint8_t>();  // whether it is a cidr
    const auto size = input.take<std::uint8_t>();
    if ((family != kIPv4 && family != kIPv6) || size != address_size(result.is_ipv6) || result.prefix > size * 8) {
        throw_malformed(value, "it is no address of IPv4 or IPv6");
    }
    std::ranges::copy(input.take_bytes(size), result.address.begin());
    input.finish();
    return result;
}

void encode_inet(Encoder& encoder, const Inet& value) {
    expect_layout(encoder, Layout::inet, &db::type_name<Inet>);
    const std::size_t size = address_size(value.is_ipv6);
    if (value.prefix > size * 8) throw_out_of_range(encoder, "a prefix of " + std::to_string(value.prefix) + " bits");
    std::string& output = encoder.output();
    output += static_cast<char>(value.is_ipv6 ? kIPv6 : kIPv4);
    output += static_cast<char>(value.prefix);
    output += static_cast<char>(encoder.type().oid == kCidr);
    output += static_cast<char>(size);
    output.append(reinterpret_cast<const char*>(value.address.data()), size);
}

void read_mac_address(const Value& value, std::span<std::uint8_t> bytes, NameOf name) {
    expect_layout(value, bytes.size() == 6 ? Layout::macaddr : Layout::macaddr8, name);
    Input input(value);
    for (std::uint8_t& byte : bytes) byte = input.take<std::uint8_t>();
    input.finish();
}

void encode_mac_address(Encoder& encoder, std::span<const std::uint8_t> bytes, NameOf name) {
    expect_layout(encoder, bytes.size() == 6 ? Layout::macaddr : Layout::macaddr8, name);
    encoder.output().append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void read_coordinates(const Value& value, Layout layout, std::span<double> numbers, NameOf name) {
    expect_layout(value, layout, name);
    Input input(value);
    for (double& number : numbers) number = input.take_double();
    input.finish();
}

void encode_coordinates(Encoder& encoder, Layout layout, std::span<const double> numbers, NameOf name) {
    expect_layout(encoder, layout, name);
    for (const double number : numbers) append_double(encoder.output(), number);
}

Path read_path(const Value& value, NameOf name) {
    expect_layout(value, Layout::path, name);
    Input input(value);
    Path result;
    result.closed = input.take<std::uint8_t>() != 0;
    result.points = take_points(value, input);
    return result;
}

Polygon read_polygon(const Value& value, NameOf name) {
    expect_layout(value, Layout::polygon, name);
    Input input(value);
    return {take_points(value, input)};
}

void encode_path(Encoder& encoder, const Path& value) {
    expect_layout(encoder, Layout::path, &db::type_name<Path>);
    encoder.output() += static_cast<char>(value.closed);
    append_points(encoder, value.points);
}

void encode_polygon(Encoder& encoder, const Polygon& value) {
    expect_layout(encoder, Layout::polygon, &db::type_name<Polygon>);
    append_points(encoder, value.points);
}

Lsn read_lsn(const Value& value, NameOf name) {
    expect_layout(value, Layout::lsn, name);
    return Lsn(read_number<std::uint64_t>(value));
}

Tid read_tid(const Value& value, NameOf name) {
    expect_layout(value, Layout::tid, name);
    Input input(value);
    const auto block = input.take<std::uint32_t>();
    const auto offset = input.take<std::uint16_t>();
    input.finish();
    return {block, offset};
}

void encode_lsn(Encoder& encoder, Lsn value) {
    expect_layout(encoder, Layout::lsn, &db::type_name<Lsn>);
    append_big_endian(encoder.output(), value.value);
}

void encode_tid(Encoder& encoder, Tid value) {
    expect_layout(encoder, Layout::tid, &db::type_name<Tid>);
    append_big_endian(encoder.output(), value.block);
    append_big_endian(encoder.output(), value.offset);
}

}  // namespace aio::pg::detail
