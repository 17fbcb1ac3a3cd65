// The value of one option, checked and converted. Errors of all functions: ConninfoError, with the name, the value and what is
// allowed. An option that is missing or empty has its default.
#pragma once

#include "db/pg/conninfo/options.hpp"
#include "db/pg/conninfo/parameters.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace aio::pg::conninfo {

// A word and what it means.
template <class E>
struct Choice {
    std::string_view word;
    E value;
};

inline constexpr Choice<SslMode> kSslModes[] = {
    {"disable", SslMode::disable}, {"allow", SslMode::allow},         {"prefer", SslMode::prefer},
    {"require", SslMode::require}, {"verify-ca", SslMode::verify_ca}, {"verify-full", SslMode::verify_full}};
inline constexpr Choice<SslNegotiation> kSslNegotiations[] = {{"postgres", SslNegotiation::postgres},
                                                              {"direct", SslNegotiation::direct}};
inline constexpr Choice<SslCertMode> kSslCertModes[] = {
    {"disable", SslCertMode::disable}, {"allow", SslCertMode::allow}, {"require", SslCertMode::require}};
inline constexpr Choice<GssEncMode> kGssEncModes[] = {
    {"disable", GssEncMode::disable}, {"prefer", GssEncMode::prefer}, {"require", GssEncMode::require}};
inline constexpr Choice<ChannelBinding> kChannelBindings[] = {
    {"disable", ChannelBinding::disable}, {"prefer", ChannelBinding::prefer}, {"require", ChannelBinding::require}};
inline constexpr Choice<TargetSessionAttrs> kTargetSessionAttrs[] = {
    {"any", TargetSessionAttrs::any},
    {"read-write", TargetSessionAttrs::read_write},
    {"read-only", TargetSessionAttrs::read_only},
    {"primary", TargetSessionAttrs::primary},
    {"standby", TargetSessionAttrs::standby},
    {"prefer-standby", TargetSessionAttrs::prefer_standby}};
inline constexpr Choice<LoadBalanceHosts> kLoadBalanceHosts[] = {{"disable", LoadBalanceHosts::disable},
                                                                 {"random", LoadBalanceHosts::random}};

// The text of an option.
std::string text_value(const Options& options, std::string_view name, std::string_view missing = {});
int int_value(const Options& options, std::string_view name, int missing, int min, int max);
// An integer in a text, with blanks around it or not.
int parse_int(std::string_view name, std::string_view text, int min, int max);
// 1 or 0.
bool bool_value(const Options& options, std::string_view name, bool missing);
// One of some words.
std::string choice_value(const Options& options, std::string_view name, std::initializer_list<std::string_view> words,
                         std::string_view missing);
[[noreturn]] void throw_invalid(std::string_view name, std::string_view value, std::string_view allowed);

template <class E, std::size_t N>
E enum_value(const Options& options, std::string_view name, const Choice<E> (&choices)[N], E missing) {
    const std::string text = text_value(options, name);
    if (text.empty()) return missing;
    std::string words;
    for (const Choice<E>& each : choices) {
        if (each.word == text) return each.value;
        words += (words.empty() ? "one of " : ", ") + std::string(each.word);
    }
    throw_invalid(name, text, words);
}

// TLSv1 to TLSv1.3, in any case.
std::string tls_version(const Options& options, std::string_view name, std::string_view missing);
RequireAuth require_auth_value(const Options& options);
Replication replication_value(const Options& options);

// The parts between the commas; of an empty text, one empty part.
std::vector<std::string_view> split_list(std::string_view text);

}  // namespace aio::pg::conninfo
