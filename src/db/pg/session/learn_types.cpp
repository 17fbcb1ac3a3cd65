// One query on the system catalogues, which follows types into what they are made of.
#include "db/pg/session/learn_types.hpp"

#include <aio/pg/codec.hpp>
#include <aio/pg/codec_containers.hpp>
#include <aio/pg/value.hpp>

#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/row.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::pg::detail {

namespace {

constexpr int kFirstWithMultiranges = 14;
constexpr Oid kOidArray = 1028;

// The columns, in this order, are read below. "@" stands for what servers without multiranges do not have.
constexpr std::string_view kQuery =
    "WITH RECURSIVE wanted(id) AS ("
    "SELECT pg_catalog.unnest($1) UNION "
    "SELECT part.id FROM wanted JOIN pg_catalog.pg_type t ON t.oid = wanted.id CROSS JOIN LATERAL ("
    "SELECT t.typelem AS id "
    "UNION ALL SELECT t.typbasetype "
    "UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid "
    "@UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid @"
    "UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a"
    " WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped"
    ") part WHERE part.id <> 0) "
    "SELECT t.oid, pg_catalog.format_type(t.oid, NULL),"
    " (CASE WHEN t.typtype = 'b' AND t.typcategory = 'A' AND t.typelem <> 0 THEN 'a' ELSE t.typtype END)::text,"
    " t.typarray, COALESCE("
    "(SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid), "
    "@(SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid), @"
    "CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END),"
    " ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid"
    " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),"
    " ARRAY(SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid"
    " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),"
    " t.typdelim::text "
    "FROM wanted JOIN pg_catalog.pg_type t ON t.oid = wanted.id";

struct ResultColumn {
    std::string_view name;
    Oid type;
};
constexpr std::array<ResultColumn, 8> kColumns = {{{"oid", 26},
                                                   {"name", 25},
                                                   {"kind", 25},
                                                   {"array", 26},
                                                   {"element", 26},
                                                   {"field names", 1009},
                                                   {"field types", kOidArray},
                                                   {"delimiter", 25}}};

std::string query_for(const Session& session) {
    const int version = std::atoi(std::string(session.setting("server_version")).c_str());
    const bool has_multiranges = version == 0 || version >= kFirstWithMultiranges;
    std::string query;
    bool optional = false;
    for (const char c : kQuery) {
        if (c == '@') {
            optional = !optional;
        } else if (!optional || has_multiranges) {
            query += c;
        }
    }
    return query;
}

TypeKind kind_of(std::string_view letter) {
    if (letter == "a") return TypeKind::array;
    if (letter == "c") return TypeKind::composite;
    if (letter == "d") return TypeKind::domain;
    if (letter == "e") return TypeKind::enumeration;
    if (letter == "r") return TypeKind::range;
    if (letter == "m") return TypeKind::multirange;
    if (letter == "p") return TypeKind::pseudo;
    return TypeKind::base;
}

TypeDescription description_of(const wire::DataRow& row, const TypeCatalog& builtin) {
    auto at = row.begin();
    std::size_t column = 0;
    const auto next = [&] {
        const ResultColumn& described = kColumns[column++];
        const Value value(described.type, Format::binary, *at, builtin, described.name);
        ++at;
        return value;
    };
    TypeDescription type;
    type.oid = next().get<Oid>();
    type.name = next().get<std::string>();
    type.kind = kind_of(next().get<std::string_view>());
    type.array = next().get<Oid>();
    type.element = next().get<Oid>();
    auto names = next().get<std::vector<std::string>>();
    const auto types = next().get<std::vector<Oid>>();
    if (names.size() != types.size()) throw wire::ProtocolError("a composite type has more names than types");
    for (std::size_t i = 0; i < names.size(); ++i) type.fields.push_back({std::move(names[i]), types[i]});
    const auto delimiter = next().get<std::string_view>();
    if (!delimiter.empty()) type.delimiter = delimiter.front();
    return type;
}

class LearnTypes final : public Exchange {
public:
    LearnTypes(Session& session, const std::vector<Oid>& types, std::function<void(bool)> done)
        : Exchange(Dropped::stays),
          session_(session),
          schema_(session.schema()),
          query_(query_for(session)),
          done_(std::move(done)) {
        for (const Oid type : types) array_ += (array_.empty() ? "{" : ",") + std::to_string(type);
        array_ += "}";
    }

private:
    void write(std::string& output) override {
        constexpr wire::Format kBinary = wire::Format::binary;
        constexpr std::uint32_t kParameterType = kOidArray;
        const wire::Parameter parameter = array_;
        wire::append_parse(output, "", query_, {&kParameterType, 1});
        wire::append_bind(output, "", "", {}, {&parameter, 1}, {&kBinary, 1});
        wire::append_execute(output, "");
        wire::append_sync(output);
    }

    void received(const wire::Message& message) override {
        switch (message.type) {
            case wire::MessageType::data_row:
                found_.push_back(description_of(wire::parse_data_row(message, kColumns.size()), builtin_));
                break;
            case wire::MessageType::command_complete: has_ended_ = true; break;
            default: wire::parse_empty(message);
        }
    }
    bool is_complete() const noexcept override { return has_ended_; }
    void restart() noexcept override {
        found_.clear();
        has_ended_ = false;
    }
    void ended() noexcept override {
        bool learnt = !error();
        try {
            const bool is_outdated = schema_ != session_.schema();  // all types were to be forgotten meanwhile
            if (learnt && !is_outdated) session_.know(std::move(found_));
        } catch (...) {
            learnt = false;  // no memory
        }
        done_(learnt);
    }
    std::string_view statement() const noexcept override { return query_; }

    Session& session_;
    std::uint64_t schema_;
    std::string query_;
    std::string array_;  // of the oids, as text
    TypeCatalog builtin_;
    std::vector<TypeDescription> found_;
    std::function<void(bool)> done_;
    bool has_ended_ = false;
};

}  // namespace

void learn_types(Session& session, const std::vector<Oid>& types, std::function<void(bool)> done) {
    const ExchangeRef<LearnTypes> exchange(new LearnTypes(session, types, std::move(done)));
    session.submit(*exchange);
}

}  // namespace aio::pg::detail
