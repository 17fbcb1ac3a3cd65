// Literal segments at known places, and their hashes.
#include "http/server/route_index.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::detail {

namespace {

constexpr std::size_t kMostPlaces = 64;

}  // namespace

const RouteIndex::Entries* RouteIndex::Shape::at(std::string_view path) const noexcept {
    std::uint64_t hash = 0, left = places;
    std::string_view rest = path.substr(path.starts_with('/'));
    for (std::uint64_t place = 1; left != 0; place <<= 1) {
        if (rest.data() == nullptr) return nullptr;  // the path has fewer segments
        const bool is_last = rest.find('/') == std::string_view::npos;
        const std::string_view segment = wire::take_until(rest, '/');
        if (left & place) hash = Hash::mixed(hash, Hash()(segment));
        left &= ~place;
        if (is_last) rest = {};
    }
    const auto found = entries.find(hash);
    return found == entries.end() ? nullptr : &found->second;
}

RouteIndex::Entries RouteIndex::Bucket::merged(std::string_view path) const {
    Entries all = plain;
    for (const Shape& shape : shapes) {
        if (const Entries* entries = shape.at(path)) all.insert(all.end(), entries->begin(), entries->end());
    }
    std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.order < b.order; });
    return all;
}

void RouteIndex::add(std::string_view prefix, const Pattern& pattern, const Resource& resource) {
    Bucket& bucket = buckets_[std::string(prefix)];
    const Entry entry{added_++, &resource};
    const auto behind_prefix =
        prefix == "/" ? std::size_t{0} : static_cast<std::size_t>(std::count(prefix.begin(), prefix.end(), '/'));
    const std::vector<std::optional<std::string>> segments = pattern.segments();
    std::uint64_t places = 0, hash = 0;
    for (std::size_t i = behind_prefix; i < std::min(segments.size(), kMostPlaces); ++i) {
        if (!segments[i]) continue;
        places |= std::uint64_t{1} << i;
        hash = Hash::mixed(hash, Hash()(*segments[i]));
    }
    if (places == 0 || pattern.is_literal()) {
        bucket.plain.push_back(entry);
        return;
    }
    const auto same = [places](const Shape& shape) { return shape.places == places; };
    auto shape = std::find_if(bucket.shapes.begin(), bucket.shapes.end(), same);
    if (shape == bucket.shapes.end()) shape = bucket.shapes.insert(shape, Shape{places, {}});
    shape->entries[hash].push_back(entry);
}

}  // namespace aio::http::detail
