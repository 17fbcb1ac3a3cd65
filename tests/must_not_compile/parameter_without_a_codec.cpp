// expect: a value of this type cannot be passed: specialize aio::pg::Codec
// expect: a column cannot be read as this type: specialize aio::pg::Codec
#include <aio/pg/types.hpp>

struct Point3 {
    double x, y, z;
};

void pass(aio::pg::Parameters& parameters, const aio::pg::TypeCatalog& types) { parameters.add(23, types, Point3{}); }
auto read(const aio::pg::Value& value) { return value.get<Point3>(); }
