// The search for the note, in the headers of all programs and libraries that lie in the memory. Source: elf(5).
#include "debug/layout.hpp"

#include <aio/base/error.hpp>

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace aio::debug {

namespace {

using aio::detail::kWindowFormat;
using aio::detail::kWindowMagic;
using aio::detail::kWindowNoteName;
using aio::detail::kWindowNoteType;
using aio::detail::Window;

constexpr std::size_t kMostSegments = 256;
constexpr std::uint64_t kMostNoteBytes = 1 << 20;

std::vector<Elf64_Phdr> segments_of(CachedMemory& memory, Address image) {
    const auto header = memory.get<Elf64_Ehdr>(image);
    std::vector<Elf64_Phdr> segments;
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return segments;
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_phentsize != sizeof(Elf64_Phdr)) return segments;
    if (header->e_phnum > kMostSegments) return segments;
    for (std::size_t i = 0; i < header->e_phnum; ++i) {
        const auto segment = memory.get<Elf64_Phdr>(image + header->e_phoff + i * sizeof(Elf64_Phdr));
        if (!segment) return {};
        segments.push_back(*segment);
    }
    return segments;
}

// The window that one of the notes points to; 0: none.
Address in_notes(CachedMemory& memory, Address at, std::uint64_t bytes) {
    const Address end = at + std::min(bytes, kMostNoteBytes);
    while (at + sizeof(Elf64_Nhdr) <= end) {
        const auto note = memory.get<Elf64_Nhdr>(at);
        if (!note) return 0;
        const Address name = at + sizeof(Elf64_Nhdr);
        const Address contents = name + ((std::uint64_t{note->n_namesz} + 3) & ~std::uint64_t{3});
        char text[sizeof kWindowNoteName] = {};
        if (note->n_type == kWindowNoteType && note->n_namesz == sizeof text && note->n_descsz == sizeof(Address) &&
            memory.read(name, text, sizeof text) && std::memcmp(text, kWindowNoteName, sizeof text) == 0) {
            if (const auto distance = memory.get<Address>(contents)) return contents + *distance;
        }
        at = contents + ((std::uint64_t{note->n_descsz} + 3) & ~std::uint64_t{3});
    }
    return 0;
}

// The window of the program or library that lies at `image`; 0: it has none.
Address window_in(CachedMemory& memory, Address image) {
    const std::vector<Elf64_Phdr> segments = segments_of(memory, image);
    const auto first = std::find_if(segments.begin(), segments.end(),
                                    [](const Elf64_Phdr& segment) { return segment.p_type == PT_LOAD; });
    if (first == segments.end()) return 0;
    const Address bias = image - (first->p_vaddr - first->p_offset);
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type != PT_NOTE) continue;
        if (const Address window = in_notes(memory, bias + segment.p_vaddr, segment.p_memsz)) return window;
    }
    return 0;
}

std::string version_of(const Window& window) {
    return std::string(window.version, ::strnlen(window.version, sizeof window.version));
}

}  // namespace

std::vector<Layout> find_layouts(CachedMemory& memory, const std::string& what) {
    std::vector<Layout> layouts;
    std::vector<Address> seen;
    for (const Memory::Image& image : memory.source().images()) {
        const Address at = window_in(memory, image.start);
        if (at == 0 || std::find(seen.begin(), seen.end(), at) != seen.end()) continue;
        seen.push_back(at);
        char head[offsetof(Window, offset_count)] = {};
        if (!memory.read(at, head, sizeof head) || std::memcmp(head, kWindowMagic, sizeof kWindowMagic) != 0)
            continue;
        alignas(Window) char bytes[sizeof(Window)] = {};
        std::memcpy(bytes, head, sizeof head);
        const auto& window = *reinterpret_cast<const Window*>(bytes);
        const std::string version = version_of(window);
        if (window.format != kWindowFormat || window.bytes != sizeof(Window) || version != AIOCPP_VERSION) {
            throw RuntimeError(what + " was built with aiocpp " + version + " (format " +
                               std::to_string(window.format) + "), and this is aiocpp " AIOCPP_VERSION " (format " +
                               std::to_string(kWindowFormat) + "): use the program aiocpp of its version");
        }
        if (!memory.read(at, bytes, sizeof bytes)) continue;
        Layout layout;
        std::memcpy(layout.offsets_, window.offsets, sizeof layout.offsets_);
        std::memcpy(&layout.loops_, bytes + offsetof(Window, loops), sizeof layout.loops_);
        layouts.push_back(layout);
    }
    if (layouts.empty())
        throw RuntimeError(what + " has no aiocpp in it (or its memory is gone): nothing of it can be shown");
    return layouts;
}

}  // namespace aio::debug
