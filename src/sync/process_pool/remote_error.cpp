// The exception types that cross between processes as themselves, and the conversion of any exception to bytes and
// back. worker.cpp sends the bytes; process_pool.cpp throws what they describe.
#include "sync/process_pool/remote_error.hpp"

#include <aio/sync/process_pool.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <typeinfo>

namespace aio::detail {

namespace {

// The errors known here consist of one text and one number.
struct Known {
    const std::type_info* type;
    void (*raise)(const std::string& text, int code);
};

template <class E>
[[noreturn]] void raise(const std::string& text, int) {
    throw E(text);
}
template <class E>
[[noreturn]] void raise_without_text(const std::string&, int) {
    throw E();
}
[[noreturn]] void raise_system_error(const std::string& text, int code) {
    throw std::system_error(code, std::generic_category(), text);
}
[[noreturn]] void raise_exit(const std::string&, int code) { throw SystemExit(code); }
// "attempted: No such file (errno 2)": the class that fits the code, with the same text.
[[noreturn]] void raise_os_error(const std::string& text, int code) { throw_os_error(code, text); }

template <class E>
constexpr Known by_text() {
    return {&typeid(E), raise<E>};
}

// Both ends are one program: the place in this list stands for the type.
const Known kKnown[] = {
    by_text<std::runtime_error>(),
    by_text<std::range_error>(),
    by_text<std::overflow_error>(),
    by_text<std::underflow_error>(),
    by_text<std::logic_error>(),
    by_text<std::invalid_argument>(),
    by_text<std::domain_error>(),
    by_text<std::length_error>(),
    by_text<std::out_of_range>(),
    {&typeid(std::bad_alloc), raise_without_text<std::bad_alloc>},
    by_text<Error>(),
    by_text<RuntimeError>(),
    by_text<InvalidStateError>(),
    by_text<ValueError>(),
    by_text<TimeoutError>(),
    by_text<EOFError>(),
    by_text<UnpicklingError>(),
    by_text<CancelledError>(),
    by_text<KeyboardInterrupt>(),
    {&typeid(SystemExit), raise_exit},
    {&typeid(OSError), raise_os_error},
    {&typeid(BrokenPipeError), raise_os_error},
    {&typeid(ConnectionResetError), raise_os_error},
    {&typeid(ConnectionAbortedError), raise_os_error},
    {&typeid(ConnectionRefusedError), raise_os_error},
    {&typeid(ChildProcessError), raise_os_error},
    {&typeid(ProcessLookupError), raise_os_error},
    {&typeid(FileNotFoundError), raise_os_error},
    {&typeid(FileExistsError), raise_os_error},
    {&typeid(IsADirectoryError), raise_os_error},
    {&typeid(NotADirectoryError), raise_os_error},
    {&typeid(PermissionError), raise_os_error},
    {&typeid(std::system_error), raise_system_error},
};
constexpr std::uint32_t kUnknown = 0xffffffff;

std::string demangled(const std::type_info* type) {
    if (!type) return "an exception of another language";
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                      std::free);
    return status == 0 ? name.get() : type->name();
}

// `text` without the ending that `full`'s constructor will add again.
std::string without(std::string text, const std::string& ending) {
    if (text.ends_with(ending)) text.resize(text.size() - ending.size());
    return text;
}

struct Description {
    std::uint32_t known = kUnknown;
    int code = 0;
    std::string type, text;
};

void describe_current(Description& description) {
    try {
        throw;
    } catch (const OSError& error) {
        description.code = error.code();
        description.text = without(error.what(), OSError(error.code(), "").what());
    } catch (const std::system_error& error) {
        description.code = error.code().value();
        if (error.code().category() != std::generic_category() && error.code().category() != std::system_category()) {
            description.known = kUnknown;
        }
        description.text = error.what();
        if (description.known != kUnknown) {
            description.text = without(error.what(), ": " + std::generic_category().message(description.code));
        }
    } catch (const std::exception& error) {
        description.text = error.what();
    } catch (const SystemExit& error) {
        description.code = error.code();
        description.text = error.what();
    } catch (const BaseException& error) {
        description.text = error.what();
    } catch (...) {  // an int, a string: its type must do
    }
}

}  // namespace

std::string pickle_current_exception() noexcept {
    try {
        const std::type_info* type = abi::__cxa_current_exception_type();
        Description description;
        const auto* found = std::find_if(std::begin(kKnown), std::end(kKnown),
                                         [type](const Known& known) { return type && *known.type == *type; });
        if (found != std::end(kKnown)) description.known = static_cast<std::uint32_t>(found - std::begin(kKnown));
        description.type = demangled(type);
        describe_current(description);
        constexpr std::size_t kLongest = 1 << 16;
        if (description.text.size() > kLongest) description.text.resize(kLongest);
        if (description.type.size() > kLongest) description.type.resize(kLongest);
        Pickler out;
        out.save(description.known, description.code, description.type, description.text);
        return out.take();
    } catch (...) {
        return {};
    }
}

void throw_remote(const std::string& bytes) {
    if (bytes.empty()) throw std::bad_alloc();  // not even the memory to say what it was
    Unpickler in(bytes);
    const auto known = in.load<std::uint32_t>();
    const auto code = in.load<int>();
    const auto type = in.load<std::string>();
    const auto text = in.load<std::string>();
    if (known < std::size(kKnown)) kKnown[known].raise(text, code);
    throw RemoteError(type, text);
}

}  // namespace aio::detail
