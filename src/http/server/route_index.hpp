// Which resources may fit a path, in the order in which they are to be tried: those with the longest literal beginning
// first, and of these the ones that were added first.
//
// A resource is found by its literal beginning, and then by the literal segments behind it whose place is known: of
// "/a/{x}/b/{y}" by "/a" and by "b" as the third segment. So ten thousand routes "/{x}/q1", "/{x}/q2"... are as many
// entries of one map, as those of "/r1/{x}", "/r2/{x}"... are.
#pragma once

#include "http/server/pattern.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aio::http::detail {

struct Resource;

class RouteIndex {
public:
    // `prefix`: the literal beginning, whole segments. Resources are added in their order.
    void add(std::string_view prefix, const Pattern& pattern, const Resource& resource);

    // Calls accept(const Resource&) for each that may fit, until it returns true. Whether it did.
    template <class Accept>
    bool find(std::string_view path, Accept&& accept) const {
        for (std::string_view part = path.empty() ? "/" : path;;) {
            if (const auto found = buckets_.find(part); found != buckets_.end()) {
                if (found->second.find(path, accept)) return true;
            }
            if (part == "/") return false;
            const std::size_t slash = part.rfind('/');
            part = slash == 0 || slash == std::string_view::npos ? "/" : part.substr(0, slash);
        }
    }

private:
    struct Entry {
        std::size_t order;
        const Resource* resource;
    };
    using Entries = std::vector<Entry>;

    // Resources whose literal segments stand at the same places: bit n is set for segment n. Found by a hash of those
    // segments; another resource of the same hash is tried in vain, and that is all.
    struct Shape {
        std::uint64_t places;
        std::unordered_map<std::uint64_t, Entries> entries;
        const Entries* at(std::string_view path) const noexcept;
    };

    // All with the same literal beginning.
    struct Bucket {
        Entries plain;  // with no literal segment behind it
        std::vector<Shape> shapes;

        template <class Accept>
        bool find(std::string_view path, Accept&& accept) const {
            const auto try_all = [&](const Entries& entries) {
                for (const Entry& entry : entries) {
                    if (accept(*entry.resource)) return true;
                }
                return false;
            };
            if (shapes.empty()) [[likely]]
                return try_all(plain);
            if (!plain.empty() || shapes.size() > 1) return try_all(merged(path));
            const Entries* only = shapes.front().at(path);
            return only && try_all(*only);
        }
        Entries merged(std::string_view path) const;
    };

    // Multiplicative, a word at a time. The table is the program's: no client can choose what collides in it.
    struct Hash {
        using is_transparent = void;
        static std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) noexcept {
            hash = (hash ^ word) * 0x9e3779b97f4a7c15;
            return hash ^ hash >> 32;
        }
        std::size_t operator()(std::string_view path) const noexcept {
            std::uint64_t hash = path.size(), word = 0;
            for (; path.size() >= sizeof word; path.remove_prefix(sizeof word)) {
                std::memcpy(&word, path.data(), sizeof word);
                hash = mixed(hash, word);
            }
            word = 0;
            for (const char c : path) word = word << 8 | static_cast<unsigned char>(c);
            return mixed(hash, word);
        }
    };

    std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets_;
    std::size_t added_ = 0;
};

}  // namespace aio::http::detail
