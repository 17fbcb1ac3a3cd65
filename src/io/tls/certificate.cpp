// A certificate's fields as an ssl::Certificate, and the reason why one was refused, as text. OpenSSL verifies them:
// engine.cpp has its callback, context_settings.cpp loads the authorities that it trusts.
#include "io/tls/certificate.hpp"

#include "io/tls/context.hpp"
#include "io/tls/errors.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <ctime>
#include <memory>
#include <new>

namespace aio::detail {

namespace {

struct FreeBytes {
    void operator()(void* bytes) const noexcept { OPENSSL_free(bytes); }
};

// What `print` writes to a BIO. Errors: std::bad_alloc, when it returns a negative number.
template <class Print>
std::string printed(Print&& print) {
    const Owned<BIO, BIO_free_all> bio(BIO_new(BIO_s_mem()));
    if (!bio) throw std::bad_alloc();
    if (print(bio.get()) < 0) throw std::bad_alloc();
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_text(const X509_NAME* name) {
    return printed(
        [&](BIO* bio) { return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB); });
}

std::string time_text(const ASN1_TIME* time) {
    return printed([&](BIO* bio) { return ASN1_TIME_print(bio, time); });
}

std::chrono::system_clock::time_point time_point_of(const ASN1_TIME* time) {
    std::tm parts = {};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string serial_of(X509* certificate) {
    const Owned<BIGNUM, BN_free> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    const std::unique_ptr<char, FreeBytes> digits(number ? BN_bn2hex(number.get()) : nullptr);
    if (!digits) throw std::bad_alloc();
    return digits.get();
}

std::string der_of(X509* certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate, &bytes);
    if (size < 0) throw std::bad_alloc();
    const std::unique_ptr<unsigned char, FreeBytes> owner(bytes);
    return std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::string text_of(const ASN1_STRING* string) {
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                       static_cast<std::size_t>(ASN1_STRING_length(string)));
}

std::string address_text(const ASN1_STRING* bytes) {
    char text[INET6_ADDRSTRLEN] = "";
    const int size = ASN1_STRING_length(bytes);
    if (size == 4 || size == 16) {
        ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
    }
    return text;
}

using AltNames = std::vector<std::pair<std::string, std::string>>;

AltNames alt_names_of(X509* certificate) {
    AltNames names;
    const Owned<GENERAL_NAMES, GENERAL_NAMES_free> all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
        switch (name->type) {
            case GEN_DNS: names.emplace_back("DNS", text_of(name->d.dNSName)); break;
            case GEN_EMAIL: names.emplace_back("email", text_of(name->d.rfc822Name)); break;
            case GEN_URI: names.emplace_back("URI", text_of(name->d.uniformResourceIdentifier)); break;
            case GEN_IPADD: names.emplace_back("IP Address", address_text(name->d.iPAddress)); break;
            case GEN_DIRNAME: names.emplace_back("DirName", name_text(name->d.directoryName)); break;
            default: break;
        }
    }
    clear_ssl_errors();
    return names;
}

// The certificate comes from the peer: nothing of it goes into a message unlimited or unprintable.
std::string harmless(std::string text) {
    constexpr std::size_t kMost = 200;
    for (char& c : text) {
        if (c < ' ' || c > '~') c = '?';
    }
    if (text.size() > kMost) text = text.substr(0, kMost) + "...";
    return text;
}

std::string valid_for(X509* certificate) {
    std::string list;
    for (const auto& [kind, value] : alt_names_of(certificate)) {
        if (kind != "DNS" && kind != "IP Address") continue;
        if (!list.empty()) list += ", ";
        list += value;
    }
    return list.empty() ? " (it is valid for no host)" : " (it is valid for: " + harmless(list) + ")";
}

}  // namespace

ssl::Certificate describe_certificate(X509* certificate) {
    ssl::Certificate result;
    result.subject = name_text(X509_get_subject_name(certificate));
    result.issuer = name_text(X509_get_issuer_name(certificate));
    result.subject_alt_name = alt_names_of(certificate);
    result.not_before = time_point_of(X509_get0_notBefore(certificate));
    result.not_after = time_point_of(X509_get0_notAfter(certificate));
    result.serial_number = serial_of(certificate);
    result.version = static_cast<int>(X509_get_version(certificate)) + 1;
    result.der = der_of(certificate);
    return result;
}

std::string describe_refusal(int verify_code, X509* certificate, int depth, const std::string& wanted) {
    const char* reason = X509_verify_cert_error_string(verify_code);
    if (!certificate) return reason;
    switch (verify_code) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
            return "Hostname mismatch, certificate is not valid for '" + wanted + "'" + valid_for(certificate);
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "IP address mismatch, certificate is not valid for '" + wanted + "'" + valid_for(certificate);
        default: break;
    }
    std::string text = reason;
    if (verify_code == X509_V_ERR_CERT_HAS_EXPIRED) {
        text += " (notAfter=" + time_text(X509_get0_notAfter(certificate)) + ")";
    } else if (verify_code == X509_V_ERR_CERT_NOT_YET_VALID) {
        text += " (notBefore=" + time_text(X509_get0_notBefore(certificate)) + ")";
    }
    text += ", subject '" + harmless(name_text(X509_get_subject_name(certificate))) + "'";
    text += ", issuer '" + harmless(name_text(X509_get_issuer_name(certificate))) + "'";
    if (depth > 0) text += ", " + std::to_string(depth) + " above the peer's own";
    return text;
}

}  // namespace aio::detail
