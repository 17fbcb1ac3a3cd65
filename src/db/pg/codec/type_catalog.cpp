// TypeCatalog: the types that a connection has learnt from its server, on top of the built-in ones (builtin_types.cpp).
#include <aio/pg/type.hpp>

#include <deque>
#include <unordered_map>
#include <utility>

namespace aio::pg {

namespace {

// Chains of domains and nested composites end; a server that says otherwise must not make us recurse.
constexpr int kMostNested = 32;

constexpr Type kUnknown{};

Layout layout_of(const TypeDescription& description) {
    switch (description.kind) {
        case TypeKind::array: return Layout::array;
        case TypeKind::composite: return Layout::record;
        case TypeKind::enumeration: return Layout::text;
        case TypeKind::range: return Layout::range;
        case TypeKind::multirange: return Layout::multirange;
        case TypeKind::base:
        case TypeKind::domain:
        case TypeKind::pseudo: break;
    }
    // Extensions have other oids in each database.
    std::string_view name = description.name;
    if (const std::size_t dot = name.rfind('.'); dot != name.npos) name.remove_prefix(dot + 1);
    if (name == "hstore") return Layout::hstore;
    if (name == "citext") return Layout::text;
    return Layout::text_only;
}

}  // namespace

struct TypeCatalog::Added {
    struct Entry {
        TypeDescription description;
        Type type;
    };
    std::deque<Entry> entries;  // never moved; replaced ones too, since values refer to them
    std::unordered_map<Oid, const Type*> by_oid;
};

TypeCatalog::TypeCatalog() : added_(std::make_unique<Added>()) {}
TypeCatalog::TypeCatalog(const TypeCatalog& other) : TypeCatalog() {
    for (const Added::Entry& entry : other.added_->entries) {
        if (other.added_->by_oid.at(entry.type.oid) == &entry.type) add(entry.description);  // not what was replaced
    }
}
TypeCatalog::~TypeCatalog() = default;

const Type& TypeCatalog::add(TypeDescription description) {
    Added::Entry& entry = added_->entries.emplace_back(Added::Entry{std::move(description), {}});
    const TypeDescription& own = entry.description;
    entry.type = {own.oid, own.name, own.kind, layout_of(own), own.array, own.element, own.fields, own.delimiter};
    added_->by_oid.insert_or_assign(own.oid, &entry.type);
    return entry.type;
}

const Type* TypeCatalog::find(Oid oid) const noexcept {
    if (const Type* found = find_builtin_type(oid)) return found;
    const auto found = added_->by_oid.find(oid);
    return found == added_->by_oid.end() ? nullptr : found->second;
}

const Type& TypeCatalog::resolve(Oid oid) const noexcept {
    for (int i = 0; i < kMostNested; ++i) {
        const Type* type = find(oid);
        if (type == nullptr) return kUnknown;
        if (type->kind != TypeKind::domain) return *type;
        oid = type->element;
    }
    return kUnknown;
}

bool TypeCatalog::has_binary(Oid oid) const noexcept { return has_binary(oid, 0); }

bool TypeCatalog::has_binary(Oid oid, int depth) const noexcept {
    if (depth > kMostNested) return false;
    const Type& type = resolve(oid);
    switch (type.layout) {
        case Layout::text_only: return false;
        case Layout::array:
        case Layout::range:
        case Layout::multirange: return type.kind == TypeKind::pseudo || has_binary(type.element, depth + 1);
        case Layout::record:
            for (const TypeField& field : type.fields) {
                if (!has_binary(field.type, depth + 1)) return false;
            }
            return true;
        default: return true;
    }
}

std::string TypeCatalog::name(Oid oid) const {
    const Type* type = find(oid);
    if (type == nullptr) return "unknown (oid " + std::to_string(oid) + ")";
    if (type->kind != TypeKind::domain) return std::string(type->name);
    const Type& base = resolve(oid);
    return std::string(type->name) + " (a domain" + (base.oid == 0 ? "" : " over " + std::string(base.name)) + ")";
}

}  // namespace aio::pg
