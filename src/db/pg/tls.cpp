// Which certificates are trusted, and which one is shown, as libpq has it.
//
// Source: PostgreSQL 17 manual, 32.19 (SSL support), 32.1.2 (parameters).
#include "db/pg/tls.hpp"

#include <aio/db/errors.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace aio::pg::detail {

namespace {

using conninfo::ConnectionParameters;
using conninfo::SslCertMode;
using conninfo::SslMode;

// A file of ssl_directory, if it is there; else nothing.
std::string in_directory(const ConnectionParameters& parameters, const char* name) {
    if (parameters.ssl_directory.empty()) return {};
    const std::string path = parameters.ssl_directory + "/" + name;
    return ::access(path.c_str(), F_OK) == 0 ? path : std::string();
}

ssl::TLSVersion version_named(std::string_view name, ssl::TLSVersion other) {
    if (name == "TLSv1.3") return ssl::TLSVersion::TLSv1_3;
    if (name == "TLSv1.2") return ssl::TLSVersion::TLSv1_2;
    return other;
}

// "require" with a root certificate is verify-ca.
void set_trust(const ssl::SSLContext& context, const ConnectionParameters& parameters) {
    const bool uses_system = parameters.sslrootcert == "system";
    const std::string root =
        parameters.sslrootcert.empty() ? in_directory(parameters, "root.crt") : parameters.sslrootcert;
    const bool verifies = parameters.sslmode == SslMode::verify_ca || parameters.sslmode == SslMode::verify_full ||
                          (parameters.sslmode == SslMode::require && !root.empty());
    context.set_check_hostname(parameters.sslmode == SslMode::verify_full);
    if (!verifies) return context.set_verify_mode(ssl::VerifyMode::CERT_NONE);
    if (root.empty() && !uses_system) {
        throw db::InterfaceError(
            "connect: sslmode=" +
            std::string(parameters.sslmode == SslMode::verify_ca ? "verify-ca" : "verify-full") +
            " needs the certificate of an authority: give sslrootcert a file, or \"system\" for the system's, or put "
            "one at ~/.postgresql/root.crt");
    }
    if (uses_system) {
        context.load_default_certs();
    } else {
        context.load_verify_locations(root);
    }
    const std::string revoked = parameters.sslcrl.empty() ? in_directory(parameters, "root.crl") : parameters.sslcrl;
    if (revoked.empty() && parameters.sslcrldir.empty()) return;
    context.load_verify_locations(revoked, parameters.sslcrldir);
    context.set_verify_flags(context.verify_flags() | ssl::VERIFY_CRL_CHECK_CHAIN);
}

// As libpq: a key that others may read is no secret. One of root's may be read by a group, as those that a system's services
// share are.
void check_key_file(const std::string& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) return;  // whoever reads it reports that
    const std::string begin = "connect: the private key " + path + " is not used: ";
    if (!S_ISREG(status.st_mode)) throw db::InterfaceError(begin + "it is not a plain file");
    const bool is_roots = status.st_uid == 0;
    const mode_t refused = is_roots ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if ((status.st_mode & refused) == 0) return;
    throw db::InterfaceError(begin + (is_roots ? "others may read it, or its group may write it; run chmod 0640 on it"
                                               : "group or others have access to it; run chmod 0600 on it"));
}

void set_identity(const ssl::SSLContext& context, const ConnectionParameters& parameters) {
    if (parameters.sslcertmode == SslCertMode::disable) return;
    const bool is_given = !parameters.sslcert.empty();
    const std::string certificate = is_given ? parameters.sslcert : in_directory(parameters, "postgresql.crt");
    if (certificate.empty()) return;
    const std::string key =
        parameters.sslkey.empty() ? in_directory(parameters, "postgresql.key") : parameters.sslkey;
    context.load_cert_chain(certificate, key, parameters.sslpassword);
    check_key_file(key.empty() ? certificate : key);
}

}  // namespace

std::shared_ptr<const ssl::SSLContext> tls_context(const ConnectionParameters& parameters) {
    if (parameters.sslmode == SslMode::disable) return nullptr;
    auto context = std::make_shared<ssl::SSLContext>(ssl::PROTOCOL_TLS_CLIENT);
    set_trust(*context, parameters);
    set_identity(*context, parameters);
    context->set_minimum_version(version_named(parameters.ssl_min_protocol_version, context->minimum_version()));
    if (!parameters.ssl_max_protocol_version.empty()) {
        context->set_maximum_version(version_named(parameters.ssl_max_protocol_version, ssl::TLSVersion::TLSv1_3));
    }
    if (parameters.sslnegotiation == conninfo::SslNegotiation::direct) context->set_alpn_protocols({"postgresql"});
    return context;
}

}  // namespace aio::pg::detail
