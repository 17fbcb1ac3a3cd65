// elfutils' libdw is loaded at the first report that needs it: programs that never make one neither link nor
// start it. Source of the interface: elfutils 0.188, libdwfl.h.
#include "core/symbols.hpp"

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#if __has_include(<elfutils/libdwfl.h>)
#define AIO_HAVE_LIBDW 1
#include <elfutils/libdwfl.h>

#include <unistd.h>
#endif

namespace aio::detail {

namespace {

#ifdef AIO_HAVE_LIBDW

class Libdw {
    void* library_ = ::dlopen("libdw.so.1", RTLD_LAZY | RTLD_LOCAL);
    bool usable_ = library_ != nullptr;

    template <class Function>
    Function* find(const char* name) {
        void* found = library_ ? ::dlsym(library_, name) : nullptr;
        usable_ = usable_ && found;
        return reinterpret_cast<Function*>(found);
    }

public:
    decltype(dwfl_begin)* begin = find<decltype(dwfl_begin)>("dwfl_begin");
    decltype(dwfl_end)* end = find<decltype(dwfl_end)>("dwfl_end");
    decltype(dwfl_linux_proc_find_elf)* find_elf =
        find<decltype(dwfl_linux_proc_find_elf)>("dwfl_linux_proc_find_elf");
    decltype(dwfl_linux_proc_report)* report = find<decltype(dwfl_linux_proc_report)>("dwfl_linux_proc_report");
    decltype(dwfl_report_end)* report_end = find<decltype(dwfl_report_end)>("dwfl_report_end");
    decltype(dwfl_addrmodule)* module_of = find<decltype(dwfl_addrmodule)>("dwfl_addrmodule");
    decltype(dwfl_module_nextcu)* next_unit = find<decltype(dwfl_module_nextcu)>("dwfl_module_nextcu");
    decltype(dwarf_haspc)* has_address = find<decltype(dwarf_haspc)>("dwarf_haspc");
    decltype(dwarf_getsrc_die)* line_of = find<decltype(dwarf_getsrc_die)>("dwarf_getsrc_die");
    decltype(dwarf_linesrc)* file_of = find<decltype(dwarf_linesrc)>("dwarf_linesrc");
    decltype(dwarf_lineno)* number_of = find<decltype(dwarf_lineno)>("dwarf_lineno");

    bool usable() const { return usable_; }
};

// Debug information outside the program itself is not looked for: libdw might ask a debuginfod server, and a
// report must not wait for the network.
int no_separate_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word, char**) {
    return -1;
}

std::optional<std::string> source_line(std::uintptr_t address) {
    static const Libdw libdw;
    if (!libdw.usable()) return std::nullopt;
    const Dwfl_Callbacks callbacks{libdw.find_elf, no_separate_file, nullptr, nullptr};
    const std::unique_ptr<Dwfl, decltype(libdw.end)> session(libdw.begin(&callbacks), libdw.end);
    if (!session || libdw.report(session.get(), ::getpid()) != 0) return std::nullopt;
    if (libdw.report_end(session.get(), nullptr, nullptr) != 0) return std::nullopt;
    Dwfl_Module* module = libdw.module_of(session.get(), address);
    if (!module) return std::nullopt;
    // clang writes no table of which unit has which addresses: each unit is asked.
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = nullptr;
    while ((unit = libdw.next_unit(module, unit, &bias)) && libdw.has_address(unit, address - bias) != 1) {}
    Dwarf_Line* line = unit ? libdw.line_of(unit, address - bias) : nullptr;
    const char* file = line ? libdw.file_of(line, nullptr, nullptr) : nullptr;
    int number = 0;
    if (!file || libdw.number_of(line, &number) != 0) return std::nullopt;
    return std::string(file) + ":" + std::to_string(number);
}

#else

std::optional<std::string> source_line(std::uintptr_t) { return std::nullopt; }

#endif

// What `addr2line -e program 0x1a2b` takes.
std::string place_in_binary(std::uintptr_t address) {
    Dl_info info{};
    char text[32];
    if (::dladdr(reinterpret_cast<void*>(address), &info) == 0 || !info.dli_fname) {
        std::snprintf(text, sizeof text, "0x%zx", static_cast<std::size_t>(address));
        return text;
    }
    const std::string_view file(info.dli_fname);
    const auto offset = address - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    std::snprintf(text, sizeof text, "+0x%zx", static_cast<std::size_t>(offset));
    return std::string(file.substr(file.rfind('/') + 1)) + text;
}

}  // namespace

std::string describe_call(const void* return_address) {
    // The call ends where it returns to: the byte before still belongs to its line.
    const auto address = reinterpret_cast<std::uintptr_t>(return_address) - 1;
    // A look-up in a large program takes a tenth of a second, and a call that is reported is mostly reported again. (A session
    // of libdw that is kept would spare the first look-up, too, but keeps a descriptor open.)
    static std::mutex mutex;
    static std::unordered_map<std::uintptr_t, std::string> known;
    const std::lock_guard lock(mutex);
    std::string& place = known[address];
    if (place.empty()) place = source_line(address).value_or(place_in_binary(address));
    return place;
}

}  // namespace aio::detail
