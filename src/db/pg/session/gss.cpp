// The functions of the GSSAPI library that a client needs, found at run time, and the steps of its security context.
#include "db/pg/session/gss.hpp"

#include <aio/db/errors.hpp>

#include <dlfcn.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace aio::pg::detail {

namespace {

// --- the C bindings (RFC 2744), as MIT Kerberos and Heimdal have them on Linux ---------------------------------------

using GssCode = std::uint32_t;
struct GssBuffer {
    std::size_t length = 0;
    void* value = nullptr;
};
struct GssOid {
    std::uint32_t length;
    const void* elements;
};
using GssName = void*;
using GssContext = void*;

constexpr GssCode kGssComplete = 0, kGssContinue = 1;
constexpr GssCode kGssErrors = 0xffff0000;  // of the calling and of the routine, in a major status
constexpr std::uint32_t kDelegate = 1, kMutual = 2;
constexpr int kMajorStatus = 1, kMechanismStatus = 2;

// GSS_C_NT_HOSTBASED_SERVICE: 1.2.840.113554.1.2.1.4.
constexpr std::array<unsigned char, 10> kHostBasedService = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 1, 4};
constexpr GssOid kNameType = {kHostBasedService.size(), kHostBasedService.data()};

struct GssLibrary {
    GssCode (*import_name)(GssCode* minor, const GssBuffer* text, const GssOid* type, GssName* name);
    GssCode (*release_name)(GssCode* minor, GssName* name);
    GssCode (*init_sec_context)(GssCode* minor, void* credential, GssContext* context, GssName target,
                                const GssOid* mechanism, std::uint32_t flags, std::uint32_t lifetime, void* bindings,
                                const GssBuffer* input, GssOid** used, GssBuffer* output, std::uint32_t* granted,
                                std::uint32_t* left);
    GssCode (*delete_sec_context)(GssCode* minor, GssContext* context, GssBuffer* output);
    GssCode (*release_buffer)(GssCode* minor, GssBuffer* buffer);
    GssCode (*display_status)(GssCode* minor, GssCode status, int kind, const GssOid* mechanism, std::uint32_t* more,
                              GssBuffer* text);
};

template <class Function>
void find_function(void* library, const char* name, Function& function) {
    // POSIX: the address of a function fits a void*.
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (!function) throw db::InterfaceError(std::string("GSSAPI: the library has no function ") + name);
}

GssLibrary open_library() {
    constexpr const char* kFile = "libgssapi_krb5.so.2";
    void* const library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);  // for as long as the process lives
    if (!library) {
        const char* const why = ::dlerror();
        throw db::InterfaceError(std::string("the server asks for GSSAPI, and the library is not there (Debian: "
                                             "apt-get install libgssapi-krb5-2): ") +
                                 (why ? why : kFile));
    }
    GssLibrary functions = {};
    find_function(library, "gss_import_name", functions.import_name);
    find_function(library, "gss_release_name", functions.release_name);
    find_function(library, "gss_init_sec_context", functions.init_sec_context);
    find_function(library, "gss_delete_sec_context", functions.delete_sec_context);
    find_function(library, "gss_release_buffer", functions.release_buffer);
    find_function(library, "gss_display_status", functions.display_status);
    return functions;
}

// Tried again by the next connection if it fails.
const GssLibrary& gss() {
    static const GssLibrary library = open_library();
    return library;
}

// --- errors ----------------------------------------------------------------------------------------------------------

// All texts of a status, which may have several.
void add_gss_texts(std::string& message, GssCode status, int kind) {
    std::uint32_t more = 0;
    do {
        GssCode minor = 0;
        GssBuffer text;
        if ((gss().display_status(&minor, status, kind, nullptr, &more, &text) & kGssErrors) != 0) return;
        if (text.length > 0) message.append(": ").append(static_cast<const char*>(text.value), text.length);
        gss().release_buffer(&minor, &text);
    } while (more != 0);
}

[[noreturn]] void fail_gss(const char* attempted, GssCode major, GssCode minor) {
    std::string message = std::string("GSSAPI: ") + attempted;
    add_gss_texts(message, major, kMajorStatus);
    if (minor != 0) add_gss_texts(message, minor, kMechanismStatus);
    throw db::InterfaceError(message + " (kinit gets a ticket, klist shows those that are there)");
}

}  // namespace

// --- the context -----------------------------------------------------------------------------------------------------

struct GssClient::State {
    GssName target = nullptr;
    GssContext context = nullptr;
    std::uint32_t flags = kMutual;
    bool complete = false;

    State() = default;
    State(const State&) = delete;
    ~State() {
        GssCode minor = 0;
        if (context) gss().delete_sec_context(&minor, &context, nullptr);
        if (target) gss().release_name(&minor, &target);
    }
};

GssClient::GssClient(const GssTarget& target) : state_(std::make_unique<State>()) {
    std::string name = target.service + "@" + target.host;
    const GssBuffer text = {name.size(), name.data()};
    GssCode minor = 0;
    const GssCode major = gss().import_name(&minor, &text, &kNameType, &state_->target);
    if ((major & kGssErrors) != 0) fail_gss(("the server's name " + name + " is refused").c_str(), major, minor);
    if (target.delegates) state_->flags |= kDelegate;
}

GssClient::~GssClient() = default;

bool GssClient::is_complete() const noexcept { return state_->complete; }

std::string GssClient::step(std::string_view received) {
    std::string copy(received);
    const GssBuffer input = {copy.size(), copy.data()};
    GssBuffer output;
    GssCode minor = 0;
    const GssCode major =
        gss().init_sec_context(&minor, nullptr, &state_->context, state_->target, nullptr, state_->flags, 0, nullptr,
                               received.empty() ? nullptr : &input, nullptr, &output, nullptr, nullptr);
    std::string token(static_cast<const char*>(output.value), output.length);
    GssCode ignored = 0;
    gss().release_buffer(&ignored, &output);
    if ((major & kGssErrors) != 0) fail_gss("no proof for the server", major, minor);
    state_->complete = major == kGssComplete;
    if (!state_->complete && (major & kGssContinue) == 0) fail_gss("no proof for the server", major, minor);
    return token;
}

}  // namespace aio::pg::detail
