// Pickle: what values look like on their way to another process.
#include <aio/sync/pickle.hpp>

#include "support/async_test.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace aio::test {

namespace {

// A type with a Pickle of its own.
struct Parcel {
    int id;
    std::vector<std::string> lines;
    bool operator==(const Parcel&) const = default;
};

}  // namespace

}  // namespace aio::test

template <>
struct aio::Pickle<aio::test::Parcel> {
    static void save(Pickler& out, const test::Parcel& parcel) { out.save(parcel.id, parcel.lines); }
    static test::Parcel load(Unpickler& in) { return {in.load<int>(), in.load<std::vector<std::string>>()}; }
};

namespace aio::test {

namespace {

template <class T>
T through_bytes(const T& value) {
    Pickler out;
    out.save(value);
    Unpickler in(out.bytes());
    T copy = in.load<T>();
    EXPECT_EQ(in.left(), 0u);
    return copy;
}

}  // namespace

TEST(Pickle, brings_back_what_it_was_given) {
    EXPECT_EQ(through_bytes(42), 42);
    EXPECT_EQ(through_bytes(1.5), 1.5);
    EXPECT_EQ(through_bytes(3s), 3s);
    EXPECT_EQ(through_bytes(std::string("a\0b", 3)), std::string("a\0b", 3));
    const std::map<std::string, std::vector<int>> map{{"a", {1, 2}}, {"b", {}}};
    EXPECT_EQ(through_bytes(map), map);
    const std::unordered_map<int, std::string> hashed{{1, "one"}, {2, "two"}};
    EXPECT_EQ(through_bytes(hashed), hashed);
    EXPECT_EQ(through_bytes(std::set<std::string>{"x", "y"}), (std::set<std::string>{"x", "y"}));
    EXPECT_EQ(through_bytes(std::deque<int>{1, 2, 3}), (std::deque<int>{1, 2, 3}));
    EXPECT_EQ(through_bytes(std::vector<bool>{true, false, true}), (std::vector<bool>{true, false, true}));
    EXPECT_EQ(through_bytes(std::optional<std::string>("x")), "x");
    EXPECT_EQ(through_bytes(std::optional<int>()), std::nullopt);
    const std::tuple<int, std::string, std::pair<int, std::string>> nested{1, "a", {2, "b"}};
    EXPECT_EQ(through_bytes(nested), nested);
    const std::array<std::string, 2> array{"p", "q"};
    EXPECT_EQ(through_bytes(array), array);
    const std::vector<Parcel> orders{{1, {"a"}}, {2, {}}};
    EXPECT_EQ(through_bytes(orders), orders);
}

TEST(Pickle, refuses_what_would_point_elsewhere) {
    struct Plain {
        int a;
        double b;
    };
    EXPECT_TRUE(Picklable<Plain>);
    EXPECT_TRUE((Picklable<std::vector<std::optional<Plain>>>));
    EXPECT_FALSE(Picklable<int*>);
    EXPECT_FALSE(Picklable<const char*>);
    EXPECT_FALSE(Picklable<std::string_view>);
    EXPECT_FALSE(Picklable<std::optional<const char*>>);
    EXPECT_FALSE((Picklable<std::array<char*, 2>>));
    EXPECT_FALSE((Picklable<std::pair<int, std::string_view>>));
    EXPECT_FALSE(Picklable<std::vector<int*>>);
    EXPECT_FALSE(Picklable<std::unique_ptr<int>>);
}

TEST(Pickle, notices_bytes_that_are_not_enough) {
    Unpickler none("");
    EXPECT_THROW(none.load<int>(), UnpicklingError);
    Pickler out;
    out.save(std::size_t{1} << 60);
    Unpickler in(out.bytes());
    EXPECT_THROW(in.load<std::vector<int>>(), UnpicklingError) << "it asks for no memory";
}

}  // namespace aio::test
