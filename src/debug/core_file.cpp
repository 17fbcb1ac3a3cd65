// Source: elf(5); Linux fs/binfmt_elf.c (NT_FILE: the mapped files); core(5) (what is dumped).
#include "debug/core_file.hpp"

#include <aio/base/error.hpp>

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace aio::debug {

namespace {

bool read_at(std::FILE* file, std::uint64_t offset, void* into, std::size_t bytes) noexcept {
    return ::fseeko(file, static_cast<off_t>(offset), SEEK_SET) == 0 && std::fread(into, 1, bytes, file) == bytes;
}

bool is_core(const Elf64_Ehdr& header) noexcept {
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
           header.e_type == ET_CORE && header.e_phentsize == sizeof(Elf64_Phdr);
}

std::uint64_t number_at(std::span<const char> bytes, std::size_t place) noexcept {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data() + place, sizeof number);
    return number;
}

constexpr std::uint64_t kMostCoreNotes = 64 << 20;

}  // namespace

CoreMemory::CoreMemory(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rbe")) {
    if (!file_) throw RuntimeError("the core file " + path + " cannot be opened: " + std::strerror(errno));
    Elf64_Ehdr header{};
    if (!read_at(file_.get(), 0, &header, sizeof header) || !is_core(header))
        throw RuntimeError(path + " is no core file of a 64-bit program");
    // A process with more than 65534 mappings has the number elsewhere.
    std::uint64_t count = header.e_phnum;
    if (count == PN_XNUM) {
        Elf64_Shdr first{};
        if (!read_at(file_.get(), header.e_shoff, &first, sizeof first))
            throw RuntimeError("the core file " + path + " is cut off");
        count = first.sh_info;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        Elf64_Phdr segment{};
        if (!read_at(file_.get(), header.e_phoff + i * sizeof segment, &segment, sizeof segment))
            throw RuntimeError("the core file " + path + " is cut off");
        if (segment.p_type == PT_LOAD && segment.p_filesz > 0 && segment.p_vaddr + segment.p_filesz > segment.p_vaddr)
            dumped_.push_back({segment.p_vaddr, segment.p_vaddr + segment.p_filesz, segment.p_offset, file_.get()});
        if (segment.p_type == PT_NOTE) read_notes(segment.p_offset, segment.p_filesz);
    }
    const auto by_address = [](const Part& a, const Part& b) { return a.start < b.start; };
    std::sort(dumped_.begin(), dumped_.end(), by_address);
    std::sort(mapped_.begin(), mapped_.end(), by_address);
}

void CoreMemory::read_notes(std::uint64_t offset, std::uint64_t bytes) {
    if (bytes > kMostCoreNotes) throw RuntimeError("the core file " + path_ + " has notes of an impossible length");
    std::string notes(bytes, '\0');
    if (!read_at(file_.get(), offset, notes.data(), notes.size()))
        throw RuntimeError("the core file " + path_ + " is cut off");
    std::size_t at = 0;
    while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
        Elf64_Nhdr note{};
        std::memcpy(&note, notes.data() + at, sizeof note);
        const std::size_t contents = at + sizeof note + ((std::size_t{note.n_namesz} + 3) & ~std::size_t{3});
        if (contents > notes.size() || note.n_descsz > notes.size() - contents) return;
        if (note.n_type == NT_FILE) add_mappings({notes.data() + contents, note.n_descsz});
        at = contents + ((std::size_t{note.n_descsz} + 3) & ~std::size_t{3});
    }
}

// A count, the size of a page, for each mapping start, end and offset in pages; then their paths.
void CoreMemory::add_mappings(std::span<const char> note) {
    if (note.size() < 16) return;
    const std::uint64_t count = number_at(note, 0), page = number_at(note, 8);
    if (count > (note.size() - 16) / 24) return;
    std::size_t name = 16 + count * 24;
    for (std::size_t i = 0; i < count && name < note.size(); ++i) {
        const char* const text = note.data() + name;
        const std::size_t length = ::strnlen(text, note.size() - name);
        const std::string path(text, length);
        name += length + 1;
        const std::uint64_t start = number_at(note, 16 + i * 24), end = number_at(note, 16 + i * 24 + 8);
        const std::uint64_t offset = number_at(note, 16 + i * 24 + 16) * page;
        if (end <= start) continue;
        if (offset == 0) images_.push_back({start, path});
        const auto [file, added] = files_.try_emplace(path);
        if (added) file->second.reset(std::fopen(path.c_str(), "rbe"));
        if (file->second) mapped_.push_back({start, end, offset, file->second.get()});
    }
}

std::size_t CoreMemory::read_from(const std::vector<Part>& parts, Address from, char* into,
                                  std::size_t bytes) noexcept {
    auto part =
        std::upper_bound(parts.begin(), parts.end(), from, [](Address a, const Part& p) { return a < p.start; });
    if (part == parts.begin()) return 0;
    --part;
    if (from >= part->end) return 0;
    const std::size_t count = std::min<std::uint64_t>(bytes, part->end - from);
    if (::fseeko(part->file, static_cast<off_t>(part->offset + (from - part->start)), SEEK_SET) != 0) return 0;
    return std::fread(into, 1, count, part->file);
}

std::size_t CoreMemory::read(Address from, void* into, std::size_t bytes) noexcept {
    std::size_t done = 0;
    while (done < bytes) {
        char* const to = static_cast<char*>(into) + done;
        std::size_t got = read_from(dumped_, from + done, to, bytes - done);
        if (got == 0) got = read_from(mapped_, from + done, to, bytes - done);
        if (got == 0) break;
        done += got;
    }
    return done;
}

std::vector<Memory::Image> CoreMemory::images() { return images_; }

}  // namespace aio::debug
