// A few names are compared one by one, which is faster than hashing; more of them have a hash table.
#include <aio/db/column_names.hpp>

#include <aio/db/conversion_error.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace aio::db::detail {

namespace {

constexpr std::size_t kFew = 8;

// Where the search for a name begins. `slots` is a power of two.
std::size_t first_slot(std::string_view name, std::size_t slots) noexcept {
    return std::hash<std::string_view>()(name) & (slots - 1);
}

}  // namespace

const ColumnNames& ColumnNames::none() noexcept {
    static const ColumnNames kNone;
    return kNone;
}

void ColumnNames::add(std::string name) {
    names_.push_back(std::move(name));
    if (names_.size() <= kFew) return;
    if (names_.size() * 2 > table_.size()) return make_table();
    std::uint32_t& slot = slot_for(names_.back());
    if (slot == 0) slot = static_cast<std::uint32_t>(names_.size());
}

void ColumnNames::clear() noexcept {
    names_.clear();
    table_.clear();
}

// At most half of it is in use, so each search ends.
void ColumnNames::make_table() {
    table_.assign(std::max(table_.size() * 2, kFew * 4), 0);
    for (std::size_t i = 0; i < names_.size(); ++i) {
        std::uint32_t& slot = slot_for(names_[i]);
        if (slot == 0) slot = static_cast<std::uint32_t>(i + 1);
    }
}

// Its own, or the free one behind those of other names.
std::uint32_t& ColumnNames::slot_for(std::string_view name) noexcept {
    std::size_t i = first_slot(name, table_.size());
    while (table_[i] != 0 && names_[table_[i] - 1] != name) i = (i + 1) & (table_.size() - 1);
    return table_[i];
}

std::optional<std::size_t> ColumnNames::find(std::string_view name) const noexcept {
    if (table_.empty()) {
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (names_[i] == name) return i;
        }
        return std::nullopt;
    }
    for (std::size_t i = first_slot(name, table_.size()); table_[i] != 0; i = (i + 1) & (table_.size() - 1)) {
        if (names_[table_[i] - 1] == name) return table_[i] - 1;
    }
    return std::nullopt;
}

void ColumnNames::throw_none(std::size_t column) const {
    throw ColumnError("the result has " + std::to_string(size()) + " columns, and none with the number " +
                      std::to_string(column) + " (they are counted from 0)");
}

void ColumnNames::throw_none(std::string_view name) {
    throw ColumnError("the result has no column \"" + std::string(name) + "\"");
}

}  // namespace aio::db::detail
