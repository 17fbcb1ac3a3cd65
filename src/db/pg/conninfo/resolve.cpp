// The options of a connection are put together, checked and converted. One value: option_values.cpp; the servers: hosts.cpp.
//
// Source: PostgreSQL 18, src/interfaces/libpq/fe-connect.c: conninfo_add_defaults(), pqConnectOptions2().
#include "db/pg/conninfo/resolve.hpp"

#include "db/pg/conninfo/dsn.hpp"
#include "db/pg/conninfo/hosts.hpp"
#include "db/pg/conninfo/option_values.hpp"
#include "db/pg/conninfo/service_file.hpp"

#include <algorithm>

namespace aio::pg::conninfo {

namespace {

void add_service(Options& options, const Options& environment, const Surroundings& surroundings) {
    const auto value = [&](std::string_view name) {
        const auto own = options.find(name);
        if (own != options.end()) return own->second;
        const auto other = environment.find(name);
        return other == environment.end() ? std::string() : other->second;
    };
    const std::string service = value("service");
    if (service.empty()) return;
    std::vector<std::string> paths;
    if (const std::string named = value("servicefile"); !named.empty()) {
        paths.push_back(named);
    } else if (!surroundings.home.empty()) {
        paths.push_back(surroundings.home + "/.pg_service.conf");
    }
    const auto directory = surroundings.environment.find("PGSYSCONFDIR");
    paths.push_back((directory == surroundings.environment.end() ? "/etc/postgresql-common" : directory->second) +
                    "/pg_service.conf");
    for (const std::string& path : paths) {
        const std::optional<FileText> file = surroundings.read_file(path);
        if (!file) continue;
        if (const std::optional<Options> found = find_service(file->text, service, path)) {
            return add_missing(options, *found);
        }
    }
    std::string looked;
    for (const std::string& path : paths) looked += (looked.empty() ? "" : " and ") + path;
    throw ConninfoError("the service \"" + service + "\" is not defined in " + looked);
}

void read_tls(ConnectionParameters& result, const Options& options) {
    result.sslrootcert = text_value(options, "sslrootcert");
    const bool system = result.sslrootcert == "system";
    result.sslmode = enum_value(options, "sslmode", kSslModes, system ? SslMode::verify_full : SslMode::prefer);
    result.sslnegotiation = enum_value(options, "sslnegotiation", kSslNegotiations, SslNegotiation::postgres);
    result.sslcertmode = enum_value(options, "sslcertmode", kSslCertModes, SslCertMode::allow);
    result.sslcert = text_value(options, "sslcert");
    result.sslkey = text_value(options, "sslkey");
    result.sslpassword = text_value(options, "sslpassword");
    result.sslcrl = text_value(options, "sslcrl");
    result.sslcrldir = text_value(options, "sslcrldir");
    result.sslsni = bool_value(options, "sslsni", true);
    result.ssl_min_protocol_version = tls_version(options, "ssl_min_protocol_version", "TLSv1.2");
    result.ssl_max_protocol_version = tls_version(options, "ssl_max_protocol_version", "");
    const std::string& max = result.ssl_max_protocol_version;
    if (!max.empty() && max < result.ssl_min_protocol_version) {
        throw ConninfoError("ssl_max_protocol_version \"" + max + "\" is below ssl_min_protocol_version \"" +
                            result.ssl_min_protocol_version + "\"");
    }
    if (system && result.sslmode != SslMode::verify_full) {
        throw ConninfoError("sslmode \"" + text_value(options, "sslmode") +
                            "\" is too weak for sslrootcert=system, with which anyone's certificate would do; use "
                            "verify-full");
    }
    if (result.sslnegotiation == SslNegotiation::direct && result.sslmode < SslMode::require) {
        throw ConninfoError("sslmode \"" + text_value(options, "sslmode", "prefer") +
                            "\" is too weak for sslnegotiation=direct; use require, verify-ca or verify-full");
    }
}

void read_times(ConnectionParameters& result, const Options& options) {
    constexpr int kMost = 2'147'483'647;
    if (const int seconds = int_value(options, "connect_timeout", 0, -kMost - 1, kMost); seconds > 0) {
        result.connect_timeout = std::chrono::seconds(std::max(seconds, 2));  // libpq's minimum
    }
    const auto positive = [&](std::string_view name) -> std::optional<int> {
        const int value = int_value(options, name, 0, -kMost - 1, kMost);
        return value > 0 ? std::optional(value) : std::nullopt;
    };
    result.keepalives.enabled = int_value(options, "keepalives", 1, -kMost - 1, kMost) != 0;
    if (const auto value = positive("keepalives_idle")) result.keepalives.idle = std::chrono::seconds(*value);
    if (const auto value = positive("keepalives_interval")) result.keepalives.interval = std::chrono::seconds(*value);
    result.keepalives.count = positive("keepalives_count");
    if (const auto value = positive("tcp_user_timeout")) result.tcp_user_timeout = std::chrono::milliseconds(*value);
}

void read_startup(ConnectionParameters& result, const Options& options) {
    std::string application = text_value(options, "application_name");
    if (application.empty()) application = text_value(options, "fallback_application_name");
    if (!application.empty()) result.startup.emplace_back("application_name", application);
    for (const std::string_view name : {"options", "client_encoding"}) {
        if (std::string value = text_value(options, name); !value.empty()) {
            result.startup.emplace_back(name, std::move(value));
        }
    }
    for (const auto& [name, value] : options) {
        if (!is_known_option(name) && !value.empty()) result.startup.emplace_back(name, value);
    }
}

void read_protocol(ConnectionParameters& result, const Options& options) {
    result.min_protocol_version = choice_value(options, "min_protocol_version", {"3.0", "3.2", "latest"}, "3.0");
    result.max_protocol_version = choice_value(options, "max_protocol_version", {"3.0", "3.2", "latest"}, "3.0");
    if (result.max_protocol_version < result.min_protocol_version) {
        throw ConninfoError("max_protocol_version \"" + result.max_protocol_version +
                            "\" is below min_protocol_version \"" + result.min_protocol_version + "\"");
    }
}

}  // namespace

ConnectionParameters resolve(std::string_view dsn, const Options& given, const Surroundings& surroundings) {
    Options options;
    for (const auto& [name, value] : given) set_option(options, name, value);
    add_missing(options, parse_dsn(dsn));
    const Options environment = options_of_environment(surroundings.environment);
    add_service(options, environment, surroundings);
    add_missing(options, environment);

    ConnectionParameters result;
    result.user = text_value(options, "user", surroundings.user);
    if (result.user.empty()) {
        throw ConninfoError(
            "there is no user to connect as: pass user, set PGUSER, or give this process' user a name");
    }
    result.database = text_value(options, "dbname", result.user);
    if (!surroundings.home.empty()) result.ssl_directory = surroundings.home + "/.postgresql";
    read_tls(result, options);
    result.gssencmode = enum_value(options, "gssencmode", kGssEncModes, GssEncMode::prefer);
    result.channel_binding = enum_value(options, "channel_binding", kChannelBindings, ChannelBinding::prefer);
    result.require_auth = require_auth_value(options);
    result.requirepeer = text_value(options, "requirepeer");
    result.krbsrvname = text_value(options, "krbsrvname", "postgres");
    result.gssdelegation = bool_value(options, "gssdelegation", false);
    result.target_session_attrs =
        enum_value(options, "target_session_attrs", kTargetSessionAttrs, TargetSessionAttrs::any);
    result.load_balance_hosts =
        enum_value(options, "load_balance_hosts", kLoadBalanceHosts, LoadBalanceHosts::disable);
    result.replication = replication_value(options);
    read_protocol(result, options);
    read_times(result, options);
    read_startup(result, options);
    result.hosts = read_hosts(options);
    find_passwords(result, options, surroundings);
    return result;
}

}  // namespace aio::pg::conninfo
