// Which certificates are trusted, and which one is shown, as MySQL's own clients have it.
//
// Source: MySQL 8.0 manual, 4.2.3 (--ssl-mode).
#include "db/mysql/tls.hpp"

#include <aio/base/error.hpp>

namespace aio::mysql::detail {

namespace {

using conninfo::SslMode;

ssl::TLSVersion lowest_version(const std::string& name) {
    if (name == "TLSv1.2") return ssl::TLSVersion::TLSv1_2;
    if (name == "TLSv1.3") return ssl::TLSVersion::TLSv1_3;
    throw ValueError("connect: tls_version is TLSv1.2 or TLSv1.3, not \"" + name.substr(0, 60) + "\"");
}

}  // namespace

std::shared_ptr<const ssl::SSLContext> tls_context(const conninfo::ConnectionParameters& parameters) {
    if (parameters.ssl_mode == SslMode::disabled) return nullptr;
    auto context = std::make_shared<ssl::SSLContext>(ssl::PROTOCOL_TLS_CLIENT);
    context->set_check_hostname(parameters.ssl_mode == SslMode::verify_identity);
    const bool verifies =
        parameters.ssl_mode == SslMode::verify_ca || parameters.ssl_mode == SslMode::verify_identity;
    if (!verifies) {
        context->set_verify_mode(ssl::VerifyMode::CERT_NONE);
    } else if (parameters.ssl_ca.empty()) {
        context->load_default_certs();
    } else {
        context->load_verify_locations(parameters.ssl_ca);
    }
    if (verifies && !parameters.ssl_crl.empty()) {
        context->load_verify_locations(parameters.ssl_crl);
        context->set_verify_flags(context->verify_flags() | ssl::VERIFY_CRL_CHECK_CHAIN);
    }
    if (!parameters.ssl_cert.empty()) context->load_cert_chain(parameters.ssl_cert, parameters.ssl_key);
    if (!parameters.tls_version.empty()) context->set_minimum_version(lowest_version(parameters.tls_version));
    return context;
}

}  // namespace aio::mysql::detail
