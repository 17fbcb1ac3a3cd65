// The names of a result's columns, which are found in few comparisons however many there are. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::db::detail {

// Of columns with the same name the first one is found. Built once per statement, and shared by its results.
class ColumnNames {
public:
    // Those of a statement that returns no rows.
    static const ColumnNames& none() noexcept;

    void add(std::string name);
    void clear() noexcept;

    std::size_t size() const noexcept { return names_.size(); }
    std::string_view operator[](std::size_t column) const noexcept { return names_[column]; }
    // Errors: ColumnError.
    std::string_view at(std::size_t column) const {
        if (column < names_.size()) [[likely]]
            return names_[column];
        throw_none(column);
    }

    std::optional<std::size_t> find(std::string_view name) const noexcept;
    // Errors: ColumnError.
    std::size_t position(std::string_view name) const {
        if (const auto found = find(name)) [[likely]]
            return *found;
        throw_none(name);
    }

private:
    void make_table();
    std::uint32_t& slot_for(std::string_view name) noexcept;
    [[noreturn]] void throw_none(std::size_t column) const;
    [[noreturn]] static void throw_none(std::string_view name);

    std::vector<std::string> names_;
    std::vector<std::uint32_t>
        table_;  // of open addressing: positions + 1, 0 where there is none; empty for few names
};

}  // namespace aio::db::detail
