// A core file as memory: what was dumped, and what the program's files still have (the kernel dumps no code and no constants).
#pragma once

#include "debug/memory.hpp"

#include <cstdio>
#include <map>
#include <memory>
#include <span>

namespace aio::debug {

class CoreMemory final : public Memory {
public:
    // Errors: RuntimeError when `path` cannot be read or is no core file of this kind of machine.
    explicit CoreMemory(const std::string& path);
    std::size_t read(Address from, void* into, std::size_t bytes) noexcept override;
    std::vector<Image> images() override;
    bool changes() const noexcept override { return false; }

private:
    struct CloseFile {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    using File = std::unique_ptr<std::FILE, CloseFile>;
    // Bytes of memory that are in a file.
    struct Part {
        Address start, end;
        std::uint64_t offset;
        std::FILE* file;
    };
    void read_notes(std::uint64_t offset, std::uint64_t bytes);
    void add_mappings(std::span<const char> note);
    std::size_t read_from(const std::vector<Part>& parts, Address from, char* into, std::size_t bytes) noexcept;

    std::string path_;
    File file_;
    std::map<std::string, File> files_;
    std::vector<Part> dumped_, mapped_;  // by address
    std::vector<Image> images_;
};

}  // namespace aio::debug
