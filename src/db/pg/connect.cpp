// From a DSN to a connection: one server after the other, with TLS as the parameters want it. conninfo/ reads the DSN,
// session/ speaks to the server.
#include <aio/pg/connect.hpp>

#include <aio/core/log.hpp>
#include <aio/core/timeout.hpp>
#include <aio/db/errors.hpp>
#include <aio/io/ssl.hpp>

#include "db/pg/connecting.hpp"
#include "db/pg/conninfo/resolve.hpp"
#include "db/pg/session/startup.hpp"
#include "db/pg/tls.hpp"
#include "db/tls_context.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::pg {

namespace detail {

namespace {

using conninfo::ConnectionParameters;
using conninfo::SslMode;
using conninfo::TargetSessionAttrs;

conninfo::Options options_of(const ConnectOptions& options) {
    conninfo::Options given;
    const auto add = [&given](std::string_view name, std::string_view value) {
        if (!value.empty()) conninfo::set_option(given, name, std::string(value));
    };
    add("host", options.host);
    add("user", options.user);
    add("password", options.password);
    add("dbname", options.database);
    if (options.port) add("port", std::to_string(*options.port));
    for (const auto& [name, value] : options.server_settings) conninfo::set_option(given, name, std::string(value));
    return given;
}

// The driver's texts are UTF-8.
bool is_utf8(std::string value) {
    std::erase(value, '-');
    for (char& c : value) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return value == "utf8" || value == "unicode" || value == "auto";
}

// Not to be ignored in silence: they would protect.
void refuse_what_is_missing(const ConnectionParameters& parameters) {
    const auto missing = [](const std::string& option) {
        throw db::InterfaceError("connect: the connection option " + option + " is not supported");
    };
    for (const auto& [name, value] : parameters.startup) {
        if (name == "client_encoding" && !is_utf8(value)) missing("client_encoding=" + value + " (texts are UTF-8)");
    }
    if (parameters.gssencmode == conninfo::GssEncMode::require) missing("gssencmode=require");
    if (parameters.sslcertmode == conninfo::SslCertMode::require) missing("sslcertmode=require");
    if (parameters.replication != conninfo::Replication::off) missing("replication");
}

// What does not come from the DSN.
struct Given {
    std::size_t statement_cache_size;
    ConnectHooks hooks;
    Sharing sharing;
};

// Nothing: either will do.
std::optional<bool> wants_standby(TargetSessionAttrs wanted) {
    switch (wanted) {
        case TargetSessionAttrs::read_write:
        case TargetSessionAttrs::primary: return false;
        case TargetSessionAttrs::standby: return true;
        default: return std::nullopt;
    }
}

// "3.2", which is the latest.
std::uint32_t minor_version(std::string_view version) { return version == "3.0" ? 0 : 2; }

SessionOptions session_options(const ConnectionParameters& parameters, const conninfo::Host& host,
                               std::shared_ptr<const ssl::SSLContext> context, const Given& given) {
    SessionOptions session;
    session.host = host.hostaddr.empty() ? host.host : host.hostaddr;
    session.port = host.port;
    session.user = parameters.user;
    session.database = parameters.database;
    session.password = host.password;
    session.settings = parameters.startup;
    for (const char* method : {"none", "password", "md5", "gss", "scram-sha-256"}) {
        if (!parameters.require_auth.allows(method)) session.refused_methods.emplace_back(method);
    }
    session.least_minor = minor_version(parameters.min_protocol_version);
    session.most_minor = minor_version(parameters.max_protocol_version);
    session.binds_channel = parameters.channel_binding != conninfo::ChannelBinding::disable;
    session.requires_binding = parameters.channel_binding == conninfo::ChannelBinding::require;
    session.context = std::move(context);
    session.server_hostname = host.host.empty() ? host.hostaddr : host.host;
    session.required_peer = parameters.requirepeer;
    session.kerberos_service = parameters.krbsrvname;
    session.delegates = parameters.gssdelegation;
    session.tcp = {parameters.keepalives.enabled, parameters.keepalives.idle, parameters.keepalives.interval,
                   parameters.keepalives.count, parameters.tcp_user_timeout};
    session.statement_cache_size = given.statement_cache_size;
    session.ask_password = given.hooks.password;
    session.wants_standby = wants_standby(parameters.target_session_attrs);
    session.cancels = given.sharing.cancels;
    if (given.sharing.alterations) session.alterations = given.sharing.alterations;
    return session;
}

// In the order in which they are tried: a server may want the other one.
std::vector<TlsUse> tls_uses(const ConnectionParameters& parameters, const conninfo::Host& host,
                             bool has_own_context) {
    const SslMode mode = has_own_context ? std::max(parameters.sslmode, SslMode::require) : parameters.sslmode;
    if (host.is_unix() || mode == SslMode::disable) return {TlsUse::off};
    if (mode == SslMode::allow) return {TlsUse::off, TlsUse::required};
    if (mode == SslMode::prefer) return {TlsUse::preferred, TlsUse::off};
    return {parameters.sslnegotiation == conninfo::SslNegotiation::direct ? TlsUse::direct : TlsUse::required};
}

Coro<SharedSession> try_host(SessionOptions options, std::optional<Duration> timeout) {
    const auto shared = std::make_shared<const SessionOptions>(std::move(options));
    auto open = [&shared] { return open_session(shared); };
    co_return co_await with_timeout(timeout, open);
}

// Whether the session is of the kind that target_session_attrs wants. Errors: db::InterfaceError otherwise.
void check_kind(const Session& session, TargetSessionAttrs wanted) {
    if (wanted == TargetSessionAttrs::any) return;
    const std::string_view standby = session.setting("in_hot_standby");
    if (standby.empty())
        throw db::InterfaceError("connect: target_session_attrs needs a server from PostgreSQL 14 on");
    const bool is_standby = standby == "on";
    const bool is_read_only = is_standby || session.setting("default_transaction_read_only") == "on";
    const auto fits = [&] {
        switch (wanted) {
            case TargetSessionAttrs::read_write: return !is_read_only;
            case TargetSessionAttrs::read_only: return is_read_only;
            case TargetSessionAttrs::primary: return !is_standby;
            default: return is_standby;
        }
    };
    if (fits()) return;
    throw db::InterfaceError("connect: " + session.options().host + " is a " + (is_standby ? "standby" : "primary") +
                             (is_read_only ? ", read-only" : ", read-write") +
                             ": not what target_session_attrs wants");
}

Coro<SharedSession> try_hosts(ConnectionParameters parameters, Given given) {
    refuse_what_is_missing(parameters);
    if (parameters.target_session_attrs == TargetSessionAttrs::prefer_standby) {
        ConnectionParameters standby = parameters;
        standby.target_session_attrs = TargetSessionAttrs::standby;
        try {
            co_return co_await try_hosts(std::move(standby), given);
        } catch (const db::AuthenticationError&) {
            throw;
        } catch (const Error&) {
            parameters.target_session_attrs = TargetSessionAttrs::any;  // there is none
        }
    }
    if (parameters.load_balance_hosts == conninfo::LoadBalanceHosts::random) {
        std::ranges::shuffle(parameters.hosts, std::minstd_rand(std::random_device()()));
    }
    const bool has_own_context = given.sharing.context != nullptr;
    std::shared_ptr<const ssl::SSLContext> context = given.sharing.context;
    const bool may_encrypt = !std::ranges::all_of(parameters.hosts, &conninfo::Host::is_unix);
    if (!context && may_encrypt) context = tls_context(parameters);
    std::optional<Duration> timeout;
    if (parameters.connect_timeout) timeout = *parameters.connect_timeout;
    std::exception_ptr last;
    for (const conninfo::Host& host : parameters.hosts) {
        const std::vector<TlsUse> uses = tls_uses(parameters, host, has_own_context);
        for (const TlsUse use : uses) {
            SessionOptions session = session_options(parameters, host, context, given);
            session.tls = use;
            try {
                SharedSession opened = co_await try_host(std::move(session), timeout);
                check_kind(*opened, parameters.target_session_attrs);
                co_return opened;
            } catch (const db::AuthenticationError& error) {
                // A wrong password is wrong on the other hosts as well; one that TLS protected is not sent without it.
                if (use == uses.back() || error.sqlstate() == "28P01") throw;
                last = std::current_exception();
            } catch (const ssl::SSLError&) {
                last = std::current_exception();  // without TLS it may work, if that is allowed
            } catch (const OSError&) {
                last = std::current_exception();
                break;  // nobody is there
            } catch (const Error&) {
                last = std::current_exception();
            }
        }
    }
    std::rethrow_exception(last);
}

Coro<Connection> connect_to(ConnectionParameters parameters, Given given, std::optional<Duration> timeout) {
    for (const std::string& warning : parameters.warnings) {
        aio::detail::log(LogLevel::warning, "PostgreSQL: " + warning);
    }
    auto open = [&] { return try_hosts(std::move(parameters), std::move(given)); };
    co_return Connection(co_await with_timeout(timeout, open));
}

}  // namespace

Coro<Connection> connect_sharing(std::string_view dsn, const ConnectOptions& options, const ConnectHooks& hooks,
                                 Sharing sharing) {
    return connect_to(conninfo::resolve(dsn, options_of(options), conninfo::surroundings_of_process()),
                      {options.statement_cache_size, hooks, std::move(sharing)}, options.timeout);
}

}  // namespace detail

Coro<Connection> connect(std::string_view dsn, ConnectOptions options) {
    return connect(dsn, options, ConnectHooks());
}

Coro<Connection> connect(std::string_view dsn, ConnectOptions options, const ConnectHooks& hooks) {
    return detail::connect_sharing(dsn, options, hooks, {db::detail::tls_context(options.ssl), nullptr, nullptr});
}

}  // namespace aio::pg
