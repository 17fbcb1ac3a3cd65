// A catalog with built-in types, and one of each kind that a database adds: for tests of codecs and their fuzz target.
#pragma once

#include <aio/pg/type.hpp>

namespace aio::pg {

inline constexpr Oid kMood = 50000, kMoods = 50001, kAddress = 50002, kAddresses = 50003, kPositive = 50004,
                     kHstore = 50005, kCitext = 50006, kFloatRange = 50007, kOpaque = 50008, kOpaques = 50009,
                     kDomainOverDomain = 50010, kDocument = 50011;

inline const TypeCatalog& test_types() {
    static const TypeCatalog* types = [] {
        auto* catalog = new TypeCatalog;
        catalog->add({.oid = kMood, .name = "mood", .kind = TypeKind::enumeration, .array = kMoods, .fields = {}});
        catalog->add({.oid = kMoods, .name = "mood[]", .kind = TypeKind::array, .element = kMood, .fields = {}});
        catalog->add({.oid = kAddress,
                      .name = "address",
                      .kind = TypeKind::composite,
                      .array = kAddresses,
                      .fields = {{"street", 25}, {"number", 23}}});
        catalog->add(
            {.oid = kAddresses, .name = "address[]", .kind = TypeKind::array, .element = kAddress, .fields = {}});
        catalog->add({.oid = kPositive, .name = "positive", .kind = TypeKind::domain, .element = 23, .fields = {}});
        catalog->add({.oid = kHstore, .name = "hstore", .fields = {}});
        catalog->add({.oid = kCitext, .name = "public.citext", .fields = {}});
        catalog->add(
            {.oid = kFloatRange, .name = "floatrange", .kind = TypeKind::range, .element = 701, .fields = {}});
        catalog->add({.oid = kOpaque, .name = "opaque", .array = kOpaques, .fields = {}});
        catalog->add(
            {.oid = kOpaques, .name = "opaque[]", .kind = TypeKind::array, .element = kOpaque, .fields = {}});
        catalog->add(
            {.oid = kDomainOverDomain, .name = "tiny", .kind = TypeKind::domain, .element = kPositive, .fields = {}});
        catalog->add({.oid = kDocument,
                      .name = "document",
                      .kind = TypeKind::composite,
                      .fields = {{"title", 25}, {"words", 3614}}});
        return catalog;
    }();
    return *types;
}

}  // namespace aio::pg
