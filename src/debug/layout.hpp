// Where the window of a program is in its memory, and what the program says of itself there (core/window.hpp).
#pragma once

#include "core/window.hpp"
#include "debug/memory.hpp"

#include <string>
#include <vector>

namespace aio::debug {

using aio::detail::WindowField;

// One copy of the library in the program: mostly there is one.
class Layout {
public:
    std::uint32_t operator[](WindowField field) const noexcept { return offsets_[static_cast<std::size_t>(field)]; }
    // The address of the newest WindowLoop; 0: there was no loop yet.
    Address loops() const noexcept { return loops_; }

private:
    friend std::vector<Layout> find_layouts(CachedMemory& memory, const std::string& what);
    std::uint32_t offsets_[static_cast<std::size_t>(WindowField::count)] = {};
    Address loops_ = 0;
};

// Of every copy of the library in `memory`, which belongs to `what` ("the process 42"). Errors: RuntimeError when there is none,
// or it is of another version than this one.
std::vector<Layout> find_layouts(CachedMemory& memory, const std::string& what);

}  // namespace aio::debug
