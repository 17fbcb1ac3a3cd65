// elfutils' libdw is loaded at the first report that needs it: programs that never make one neither link nor
// start it. Source of the interface: elfutils 0.188, libdwfl.h.
#include "core/symbols.hpp"

#include "base/describe.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
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
    decltype(dwfl_module_addrname)* name_of = find<decltype(dwfl_module_addrname)>("dwfl_module_addrname");

    bool usable() const { return usable_; }
};

// Debug information outside the program itself is not looked for: libdw might ask a debuginfod server, and a
// report must not wait for the network.
int no_separate_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word, char**) {
    return -1;
}

// What libdw knows of this process, as long as this lives.
class Session {
public:
    Session() : callbacks_{libdw().find_elf, no_separate_file, nullptr, nullptr}, session_(nullptr, libdw().end) {
        if (!libdw().usable()) return;
        session_.reset(libdw().begin(&callbacks_));
        usable_ = session_ && libdw().report(session_.get(), ::getpid()) == 0 &&
                  libdw().report_end(session_.get(), nullptr, nullptr) == 0;
    }
    std::optional<std::string> line_at(std::uintptr_t address) const;
    // The function's name as the linker knows it; null.
    const char* name_at(std::uintptr_t address) const {
        Dwfl_Module* module = usable_ ? libdw().module_of(session_.get(), address) : nullptr;
        return module ? libdw().name_of(module, address) : nullptr;
    }

private:
    static const Libdw& libdw() {
        static const Libdw library;
        return library;
    }
    Dwfl_Callbacks callbacks_;
    std::unique_ptr<Dwfl, decltype(dwfl_end)*> session_;
    bool usable_ = false;
};

std::optional<std::string> Session::line_at(std::uintptr_t address) const {
    Dwfl_Module* module = usable_ ? libdw().module_of(session_.get(), address) : nullptr;
    if (!module) return std::nullopt;
    // clang writes no table of which unit has which addresses: each unit is asked.
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = nullptr;
    while ((unit = libdw().next_unit(module, unit, &bias)) && libdw().has_address(unit, address - bias) != 1) {}
    Dwarf_Line* line = unit ? libdw().line_of(unit, address - bias) : nullptr;
    const char* file = line ? libdw().file_of(line, nullptr, nullptr) : nullptr;
    int number = 0;
    if (!file || libdw().number_of(line, &number) != 0) return std::nullopt;
    return std::string(file) + ":" + std::to_string(number);
}

#else

class Session {
public:
    std::optional<std::string> line_at(std::uintptr_t) const { return std::nullopt; }
    const char* name_at(std::uintptr_t) const { return nullptr; }
};

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

// "f" of "_Z1fi", and of what g++ and clang make of a coroutine f.
std::string function_of_symbol(const char* symbol) {
    struct Free {
        void operator()(char* text) const noexcept { std::free(text); }
    };
    int status = 0;
    const std::unique_ptr<char, Free> text(abi::__cxa_demangle(symbol, nullptr, nullptr, &status));
    return function_name(status == 0 && text ? text.get() : symbol);
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
    if (place.empty()) place = Session().line_at(address).value_or(place_in_binary(address));
    return place;
}

std::vector<std::string> describe_code(std::span<const std::uintptr_t> addresses) {
    std::vector<std::string> places;
    const Session session;
    for (const std::uintptr_t address : addresses) {
        Dl_info info{};
        const char* name = session.name_at(address);
        if (!name && ::dladdr(reinterpret_cast<void*>(address), &info) != 0) name = info.dli_sname;
        const std::optional<std::string> line = session.line_at(address);
        if (name) {
            places.push_back(function_of_symbol(name) + "()" + (line ? " at " + *line : ""));
        } else {
            places.push_back(line.value_or(place_in_binary(address)));
        }
    }
    return places;
}

}  // namespace aio::detail
