// Empties OpenSSL's error queue, chooses the most specific entry, and throws it as SSLError or OSError.
// The errors of a handshake or an open connection, with hints and refused certificates, are made in engine_errors.cpp.
#include "io/tls/errors.hpp"

#include <aio/io/ssl.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cctype>
#include <new>

namespace aio::detail {

namespace {

// OpenSSL's names come as text: "SSL routines", "wrong version number".
std::string library_name(const char* text) {
    std::string name = text ? text : "";
    const std::size_t end = name.find(" routines");
    if (end != std::string::npos) name.resize(end);
    return name;
}

std::string constant_name(const std::string& text) {
    std::string name;
    for (const char c : text) {
        name += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::toupper(c)) : '_';
    }
    return name;
}

}  // namespace

void clear_ssl_errors() noexcept { ERR_clear_error(); }

bool SslFailure::is(int library_code, int reason_code) const noexcept {
    return ERR_GET_LIB(code) == library_code && ERR_GET_REASON(code) == reason_code;
}

std::string SslFailure::str() const {
    if (code == 0) return "unknown error";
    return reason.empty() ? text : "[" + library + ": " + reason + "] " + text;
}

namespace {

// How much it tells: "PEM lib" names a library only, "internal error" could be anybody's.
int weight(unsigned long code) noexcept {
    constexpr int kFirstReason = 100;  // below: ERR_R_PEM_LIB and the like
    if (!ERR_COMMON_ERROR(code)) return 2;
    return (ERR_GET_REASON(code) & ~(ERR_RFLAG_COMMON | ERR_RFLAG_FATAL)) < kFirstReason ? 0 : 1;
}

unsigned long take_telling_code() {
    unsigned long telling = 0;
    bool out_of_memory = false;
    while (const unsigned long code = ERR_get_error()) {
        if (ERR_SYSTEM_ERROR(code)) {
            ERR_clear_error();
            return code;
        }
        out_of_memory = out_of_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
        if (telling == 0 || weight(code) >= weight(telling)) telling = code;
    }
    if (out_of_memory) throw std::bad_alloc();
    return telling;
}

}  // namespace

SslFailure take_ssl_failure() {
    SslFailure failure;
    failure.code = take_telling_code();
    if (failure.code == 0) return failure;
    if (ERR_SYSTEM_ERROR(failure.code)) {
        failure.system_error = ERR_GET_REASON(failure.code);
        failure.text = "system error " + std::to_string(failure.system_error);
        return failure;
    }
    failure.library = library_name(ERR_lib_error_string(failure.code));
    const char* reason = ERR_reason_error_string(failure.code);
    failure.text = reason ? reason : "error " + std::to_string(ERR_GET_REASON(failure.code));
    failure.reason = constant_name(failure.text);
    return failure;
}

void throw_ssl_failure(const std::string& attempted) {
    const SslFailure failure = take_ssl_failure();
    if (failure.system_error != 0) throw_os_error(failure.system_error, attempted);
    throw ssl::SSLError(SSL_ERROR_SSL, attempted + ": " + failure.str(), failure.library, failure.reason);
}

}  // namespace aio::detail
