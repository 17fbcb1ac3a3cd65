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

SslFailure take_ssl_failure() {
    SslFailure failure;
    failure.code = ERR_get_error();
    ERR_clear_error();
    if (failure.code == 0) return failure;
    if (ERR_SYSTEM_ERROR(failure.code)) {
        failure.system_error = ERR_GET_REASON(failure.code);
        failure.text = "system error " + std::to_string(failure.system_error);
        return failure;
    }
    if (ERR_GET_REASON(failure.code) == ERR_R_MALLOC_FAILURE) throw std::bad_alloc();
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
