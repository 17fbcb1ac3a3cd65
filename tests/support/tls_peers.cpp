#include "support/tls_peers.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

namespace aio::test {

namespace {

constexpr long kDay = 24 * 3600;

struct Identity {
    std::shared_ptr<X509> certificate;
    std::shared_ptr<EVP_PKEY> key;
};

struct Request {
    std::string common_name;
    std::string alt_names;  // "DNS:localhost,IP:127.0.0.1"
    long from = -kDay;
    long until = 30 * kDay;
    bool authority = false;
    const Identity* issuer = nullptr;  // null: itself
    std::vector<std::pair<int, std::string>> extensions = {};
    int rsa_bits = 0;  // 0: a key on the curve P-256
};

void require(bool good) {
    if (!good) throw std::runtime_error("OpenSSL refuses to make a test certificate");
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    require(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Identity make_identity(const Request& request) {
    static long serial = 0x1000;
    Identity made;
    const auto bits = static_cast<std::size_t>(request.rsa_bits);
    made.key.reset(bits > 0 ? EVP_RSA_gen(bits) : EVP_EC_gen("P-256"), EVP_PKEY_free);
    made.certificate.reset(X509_new(), X509_free);
    X509* certificate = made.certificate.get();
    const Identity& issuer = request.issuer ? *request.issuer : made;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), request.from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), request.until);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(request.common_name.c_str());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
    X509_set_pubkey(certificate, made.key.get());
    add_extension(certificate, issuer.certificate.get(), NID_basic_constraints,
                  request.authority ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(certificate, issuer.certificate.get(), NID_key_usage,
                  request.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    add_extension(certificate, issuer.certificate.get(), NID_subject_key_identifier, "hash");
    if (request.issuer) {
        add_extension(certificate, issuer.certificate.get(), NID_authority_key_identifier, "keyid:always");
    }
    if (!request.alt_names.empty()) {
        add_extension(certificate, issuer.certificate.get(), NID_subject_alt_name, request.alt_names);
    }
    for (const auto& [kind, value] : request.extensions) {
        add_extension(certificate, issuer.certificate.get(), kind, value);
    }
    require(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0);
    return made;
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
File create(const std::string& path) {
    File file(std::fopen(path.c_str(), "we"), std::fclose);
    require(file != nullptr);
    return file;
}

class Maker {
public:
    Maker() {
        char name[] = "/tmp/aio-tls-XXXXXX";
        require(::mkdtemp(name) != nullptr);
        pki_.folder = name;
        make_all();
    }
    ~Maker() { std::filesystem::remove_all(pki_.folder); }

    const Pki& pki() const { return pki_; }

private:
    void save(const std::string& name, const Identity& identity, const Identity* chain = nullptr) {
        const File certificate = create(pki_.pem(name));
        PEM_write_X509(certificate.get(), identity.certificate.get());
        if (chain) PEM_write_X509(certificate.get(), chain->certificate.get());
        const File key = create(pki_.key(name));
        PEM_write_PrivateKey(key.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }
    Identity leaf(const std::string& name, Request request) {
        if (request.common_name.empty()) request.common_name = name;
        Identity made = make_identity(request);
        save(name, made);
        return made;
    }

    void make_all() {
        const std::string local = "DNS:localhost,IP:127.0.0.1,IP:::1";
        const Identity ca = make_identity({.common_name = "aio test CA", .alt_names = "", .authority = true});
        save("ca", ca);
        const Identity stranger_ca =
            make_identity({.common_name = "Stranger CA", .alt_names = "", .authority = true});
        save("stranger_ca", stranger_ca);
        const Identity middle =
            make_identity({.common_name = "aio middle CA", .alt_names = "", .authority = true, .issuer = &ca});
        const Identity localhost = leaf("localhost", {.common_name = "", .alt_names = local, .issuer = &ca});
        leaf("expired", {.common_name = "", .alt_names = local, .from = -9 * kDay, .until = -kDay, .issuer = &ca});
        leaf("future", {.common_name = "", .alt_names = local, .from = kDay, .issuer = &ca});
        leaf("wrong_host",
             {.common_name = "localhost", .alt_names = "DNS:other.example,DNS:*.wild.example", .issuer = &ca});
        leaf("no_names", {.common_name = "localhost", .alt_names = "", .issuer = &ca});
        leaf("self_signed", {.common_name = "localhost", .alt_names = local});
        leaf("stranger", {.common_name = "localhost", .alt_names = local, .issuer = &stranger_ca});
        save("intermediate", make_identity({.common_name = "localhost", .alt_names = local, .issuer = &middle}),
             &middle);
        leaf("second", {.common_name = "", .alt_names = "DNS:second.example", .issuer = &ca});
        leaf("client", {.common_name = "a client", .alt_names = "email:client@example.org", .issuer = &ca});
        leaf("client_stranger", {.common_name = "a stranger", .alt_names = "", .issuer = &stranger_ca});
        leaf("idn", {.common_name = "", .alt_names = "DNS:xn--bcher-kva.example", .issuer = &ca});
        make_strange_ones(ca, middle);
        const Identity revoked = leaf("revoked", {.common_name = "", .alt_names = local, .issuer = &ca});
        const Identity client_revoked = leaf("client_revoked", {.common_name = "", .alt_names = "", .issuer = &ca});
        revoke(ca, {revoked, client_revoked});
        const File encrypted = create(pki_.key("encrypted"));
        std::string password = "opensesame";
        PEM_write_PrivateKey(encrypted.get(), localhost.key.get(), EVP_aes_128_cbc(),
                             reinterpret_cast<unsigned char*>(password.data()), static_cast<int>(password.size()),
                             nullptr, nullptr);
    }

    // Those of tls_certificates_test.cpp.
    void make_strange_ones(const Identity& ca, const Identity& middle) {
        const std::string local = "DNS:localhost,IP:127.0.0.1,IP:::1";
        const auto below = [&](const std::string& name, const std::string& names, const Identity& issuer) {
            save(name, make_identity({.common_name = name, .alt_names = names, .issuer = &issuer}), &issuer);
        };
        const auto authority = [&](std::vector<std::pair<int, std::string>> extensions, long until = 30 * kDay) {
            return make_identity({.common_name = "a strange CA",
                                  .alt_names = "",
                                  .until = until,
                                  .authority = true,
                                  .issuer = &ca,
                                  .extensions = std::move(extensions)});
        };
        save("no_chain", make_identity({.common_name = "localhost", .alt_names = local, .issuer = &middle}));
        const Identity names = authority({{NID_name_constraints, "critical,permitted;DNS:allowed.example"}});
        below("inside_constraint", "DNS:www.allowed.example", names);
        below("outside_constraint", "DNS:localhost", names);
        const Identity addresses = authority({{NID_name_constraints, "critical,permitted;IP:10.0.0.0/255.0.0.0"}});
        below("outside_address_constraint", "IP:127.0.0.1", addresses);
        below("expired_authority", local, authority({}, -kDay));
        const Identity leaf_as_authority = leaf("plain", {.common_name = "", .alt_names = local, .issuer = &ca});
        below("below_a_leaf", local, leaf_as_authority);
        leaf("for_clients", {.common_name = "",
                             .alt_names = local,
                             .issuer = &ca,
                             .extensions = {{NID_ext_key_usage, "clientAuth"}}});
        leaf("for_servers", {.common_name = "",
                             .alt_names = local,
                             .issuer = &ca,
                             .extensions = {{NID_ext_key_usage, "serverAuth"}}});
        leaf("address_as_name", {.common_name = "", .alt_names = "DNS:127.0.0.1", .issuer = &ca});
        leaf("wild", {.common_name = "",
                      .alt_names = "DNS:*.wild.example,DNS:*.*.deep.example,DNS:*.example,DNS:f*.part.example",
                      .issuer = &ca});
        leaf("must_staple", {.common_name = "",
                             .alt_names = local,
                             .issuer = &ca,
                             .extensions = {{NID_tlsfeature, "status_request"}}});
        leaf("unknown_critical", {.common_name = "",
                                  .alt_names = local,
                                  .issuer = &ca,
                                  .extensions = {{NID_netscape_comment, "critical,what nobody knows"}}});
        leaf("weak_key", {.common_name = "", .alt_names = local, .issuer = &ca, .rsa_bits = 1024});
        leaf("client_expired",
             {.common_name = "", .alt_names = "", .from = -9 * kDay, .until = -kDay, .issuer = &ca});
    }

    void revoke(const Identity& ca, const std::vector<Identity>& revoked) {
        const std::shared_ptr<X509_CRL> list(X509_CRL_new(), X509_CRL_free);
        const std::shared_ptr<ASN1_TIME> now(X509_gmtime_adj(nullptr, -kDay), ASN1_TIME_free);
        const std::shared_ptr<ASN1_TIME> later(X509_gmtime_adj(nullptr, 30 * kDay), ASN1_TIME_free);
        X509_CRL_set_version(list.get(), 1);
        X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(ca.certificate.get()));
        X509_CRL_set1_lastUpdate(list.get(), now.get());
        X509_CRL_set1_nextUpdate(list.get(), later.get());
        for (const Identity& identity : revoked) {
            X509_REVOKED* entry = X509_REVOKED_new();
            X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(identity.certificate.get()));
            X509_REVOKED_set_revocationDate(entry, now.get());
            X509_CRL_add0_revoked(list.get(), entry);
        }
        require(X509_CRL_sign(list.get(), ca.key.get(), EVP_sha256()) > 0);
        const File file = create(pki_.pem("crl"));
        PEM_write_X509_CRL(file.get(), list.get());
    }

    Pki pki_;
};

}  // namespace

const Pki& pki() {
    static const Maker maker;
    return maker.pki();
}

ssl::SSLContext client_context() { return ssl::create_default_context(ssl::Purpose::SERVER_AUTH, pki().pem("ca")); }

ssl::SSLContext server_context(const std::string& name) {
    const ssl::SSLContext context = ssl::create_default_context(ssl::Purpose::CLIENT_AUTH);
    context.load_cert_chain(pki().pem(name), pki().key(name));
    return context;
}

ConnectionOptions over_tls(const ssl::SSLContext& context) {
    return {.ssl = context, .server_hostname = "localhost"};
}

Coro<Server> tls_echo_server(ssl::SSLContext context) {
    auto quiet_echo = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        try {
            co_await echo_bytes(reader, writer);
        } catch (const OSError&) {
            // The client broke it off: the client's test.
        }
        writer.close();
    };
    co_return co_await start_server(quiet_echo, "127.0.0.1", 0, {.ssl = context});
}

Coro<> stop(Server server) {
    server.close();
    co_await server.wait_closed();
}

}  // namespace aio::test
