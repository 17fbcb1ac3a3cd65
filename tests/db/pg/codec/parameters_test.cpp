#include "db/pg/codec/wire_values.hpp"

#include <array>
#include <limits>

namespace aio::pg {
namespace {

TEST(Parameters, are_what_bind_carries) {
    Parameters parameters;
    const std::array<Oid, 4> types{23, 25, 1082, 3614};
    encode_arguments(parameters, test_types(), types, 7, "Bob", std::nullopt, std::string("'a'"));
    EXPECT_EQ(to_hex(parameters.values()), to_hex(hex("00000004 00000007 00000003 426f62 ffffffff 00000003 276127")));
    const std::vector<Format> formats(parameters.formats().begin(), parameters.formats().end());
    EXPECT_EQ(formats, (std::vector{Format::binary, Format::binary, Format::binary, Format::text}));
    encode_arguments(parameters, test_types(), {});
    EXPECT_EQ(parameters.size(), 0u);
    EXPECT_EQ(parameters.values(), "");
}

TEST(Parameters, that_are_null_have_no_bytes) {
    Parameters parameters;
    const std::array<Oid, 3> types{23, 23, 99999};
    encode_arguments(parameters, test_types(), types, nullptr, std::optional<int>(),
                     std::optional<std::optional<std::string>>());
    EXPECT_EQ(to_hex(parameters.values()), "ffffffffffffffffffffffff");
}

TEST(Parameters, are_as_many_as_the_statement_has) {  // asyncpg: test_prepare.test_prepare_30_invalid_arg_count
    Parameters parameters;
    const std::array<Oid, 2> types{23, 25};
    EXPECT_EQ(message_of<db::ArgumentCountError>([&] { encode_arguments(parameters, test_types(), types, 7); }),
              "the statement has 2 parameters, but 1 argument was passed");
    EXPECT_THROW(encode_arguments(parameters, test_types(), {}, 7), db::ArgumentCountError);
}

// Extremes: pg::Encoder::Encoder(parameter)
TEST(Parameters, are_named_by_their_number) {  // asyncpg: test_codecs.test_invalid_input
    Parameters parameters;
    const std::array<Oid, 2> types{23, 1082};
    EXPECT_EQ(message_of<db::TypeMismatchError>([&] {
                  encode_arguments(parameters, test_types(), types, 7, "1984-03-01");
              }).substr(0, 26),
              "$2 has the type date, for ");
    EXPECT_EQ(parameters.size(), 1u);  // nothing of the second was appended
    EXPECT_EQ(parameters.values().size(), 8u);
    std::string output;
    for (const std::size_t number : {std::size_t{0}, std::numeric_limits<std::size_t>::max()}) {
        EXPECT_EQ(Encoder(output, 23, test_types(), number).describe(), "$" + std::to_string(number));
    }
}

TEST(ParameterOid, is_the_usual_type_of_a_cpp_type) {
    EXPECT_EQ(parameter_oid<bool>(), 16u);
    EXPECT_EQ(parameter_oid<std::int16_t>(), 21u);
    EXPECT_EQ(parameter_oid<int>(), 23u);
    EXPECT_EQ(parameter_oid<unsigned>(), 20u);
    EXPECT_EQ(parameter_oid<std::uint64_t>(), 1700u);
    EXPECT_EQ(parameter_oid<std::optional<std::int64_t>>(), 20u);
    EXPECT_EQ(parameter_oid<std::string>(), 0u);
    EXPECT_EQ(parameter_oid<char[4]>(), 0u);
    EXPECT_EQ(parameter_oid<std::vector<int>>(), 1007u);
    EXPECT_EQ(parameter_oid<std::vector<std::vector<std::chrono::sys_days>>>(), 1182u);
    EXPECT_EQ(parameter_oid<std::vector<std::byte>>(), 17u);
    EXPECT_EQ(parameter_oid<std::vector<std::string>>(), 0u);
}

TEST(BuiltinTypes, are_found_by_oid_and_name) {  // asyncpg: test_codecs.test_all_builtin_types_handled
    for (const Type& type : builtin_types()) {
        EXPECT_EQ(find_builtin_type(type.oid), &type);
        EXPECT_EQ(find_builtin_type(type.name), &type);
        EXPECT_TRUE(type.element == 0 || find_builtin_type(type.element) != nullptr) << type.name;
        if (type.array != 0) {
            ASSERT_NE(find_builtin_type(type.array), nullptr) << type.name;
            EXPECT_EQ(find_builtin_type(type.array)->element, type.oid) << type.name;
        }
    }
    EXPECT_EQ(find_builtin_type(Oid{0}), nullptr);
    EXPECT_EQ(find_builtin_type(std::numeric_limits<Oid>::max()), nullptr);
    EXPECT_EQ(find_builtin_type("int4")->oid, 23u);
    EXPECT_EQ(find_builtin_type("int4[]")->oid, 1007u);
    EXPECT_EQ(find_builtin_type("integer"), nullptr);
    EXPECT_EQ(find_builtin_type("box[]")->delimiter, ';');
}

TEST(TypeCatalog, knows_formats) {
    const TypeCatalog& types = test_types();
    for (const Oid oid : {Oid{23}, Oid{1007}, Oid{2249}, Oid{2277}, Oid{2278}, Oid{3904}, kMood, kMoods, kAddress,
                          kPositive, kHstore}) {
        EXPECT_EQ(types.format(oid), Format::binary) << oid;
    }
    for (const Oid oid : {Oid{0}, Oid{99999}, Oid{3614}, Oid{3643}, Oid{1034}, kOpaque, kOpaques, kDocument}) {
        EXPECT_EQ(types.format(oid), Format::text) << oid;
    }
}

TEST(TypeCatalog,
     replaces_a_type_that_changed) {  // asyncpg: test_cache_invalidation.test_type_cache_invalidation_on_change_attr
    TypeCatalog types;
    const Type& old =
        types.add({.oid = kAddress, .name = "address", .kind = TypeKind::composite, .fields = {{"a", 23}}});
    types.add({.oid = kAddress, .name = "address", .kind = TypeKind::composite, .fields = {{"a", 23}, {"b", 23}}});
    EXPECT_EQ(types.find(kAddress)->fields.size(), 2u);
    EXPECT_EQ(old.fields.size(), 1u);  // values of rows that live on
    types.add({.oid = 23, .name = "other", .fields = {}});
    EXPECT_EQ(types.find(23)->name, "int4");  // built-in types stay
}

TEST(TypeCatalog, ends_where_a_hostile_server_defines_circles) {
    TypeCatalog types;
    types.add({.oid = 60000, .name = "a", .kind = TypeKind::domain, .element = 60001, .fields = {}});
    types.add({.oid = 60001, .name = "b", .kind = TypeKind::domain, .element = 60000, .fields = {}});
    types.add({.oid = 60002, .name = "c", .kind = TypeKind::array, .element = 60002, .fields = {}});
    types.add({.oid = 60003, .name = "d", .kind = TypeKind::composite, .fields = {{"x", 60003}}});
    for (const Oid oid : {60000, 60001, 60002, 60003}) EXPECT_FALSE(types.has_binary(oid)) << oid;
    EXPECT_EQ(types.name(60000), "a (a domain)");
}

}  // namespace
}  // namespace aio::pg
