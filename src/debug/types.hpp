// Which class an object in foreign memory has: its virtual table leads to the name, also in a stripped program.
#pragma once

#include "debug/memory.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace aio::debug {

class Types {
public:
    explicit Types(CachedMemory& memory) noexcept : memory_(memory) {}

    // The mangled names of the class of the object at `object` and of its bases, from the most derived one along the first
    // bases. Empty: there is no object. Valid as long as this.
    const std::vector<std::string>& classes_of(Address object);
    // The same of the class whose virtual table is at `table`.
    const std::vector<std::string>& classes_with(Address table);
    // Whether one of the classes has this mangled name, or one that begins with it if it ends with "*".
    static bool is(const std::vector<std::string>& classes, const char* name) noexcept;

private:
    std::vector<std::string> read(Address table);

    CachedMemory& memory_;
    std::unordered_map<Address, std::vector<std::string>> known_;  // by the address of the virtual table
};

// "std::vector<int>" of "St6vectorIiSaIiEE"; what it was given if that is no name.
std::string demangle(const std::string& name);

}  // namespace aio::debug
