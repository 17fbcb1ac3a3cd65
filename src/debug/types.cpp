// Source: Itanium C++ ABI, 2.5.2 (virtual tables) and 2.9.5 (layout of std::type_info).
#include "debug/types.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace aio::debug {

namespace {

constexpr std::size_t kMostBases = 16;
constexpr std::size_t kLongestTypeName = 16384;

bool plausible(const std::string& name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

const std::vector<std::string>& Types::classes_of(Address object) { return classes_with(memory_.pointer(object)); }

const std::vector<std::string>& Types::classes_with(Address table) {
    const auto [entry, added] = known_.try_emplace(table);
    if (added && table % sizeof(Address) == 0 && table > sizeof(Address)) entry->second = read(table);
    return entry->second;
}

std::vector<std::string> Types::read(Address table) {
    std::vector<std::string> names;
    Address type = memory_.pointer(table - sizeof(Address));
    while (type != 0 && names.size() < kMostBases) {
        // {table of the kind of type_info, name, then the first base, or: flags, their number, the first base}
        const Address kind = memory_.pointer(memory_.pointer(type) - sizeof(Address));
        std::optional<std::string> name = memory_.text(memory_.pointer(type + 8), kLongestTypeName);
        const std::optional<std::string> how = memory_.text(memory_.pointer(kind + 8), kLongestTypeName);
        if (!name || !how) break;
        if (name->starts_with('*')) name->erase(0, 1);  // g++: of a class that only this file knows
        if (!plausible(*name)) break;
        names.push_back(std::move(*name));
        if (*how == "N10__cxxabiv120__si_class_type_infoE") {
            type = memory_.pointer(type + 16);
        } else if (*how == "N10__cxxabiv121__vmi_class_type_infoE") {
            type = memory_.pointer(type + 24);
        } else {
            break;
        }
    }
    return names;
}

bool Types::is(const std::vector<std::string>& classes, const char* name) noexcept {
    const std::size_t length = std::strlen(name);
    const bool prefix = length > 0 && name[length - 1] == '*';
    return std::any_of(classes.begin(), classes.end(), [&](const std::string& each) {
        return prefix ? each.compare(0, length - 1, name, length - 1) == 0 : each == name;
    });
}

std::string demangle(const std::string& name) {
    struct Free {
        void operator()(char* text) const noexcept { std::free(text); }
    };
    int status = 0;
    const std::unique_ptr<char, Free> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
    return status == 0 && text ? std::string(text.get()) : name;
}

}  // namespace aio::debug
