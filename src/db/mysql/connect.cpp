// From a DSN to a connection. conninfo/ reads the DSN, session/ speaks to the server.
#include <aio/mysql/connect.hpp>

#include <aio/base/error.hpp>
#include <aio/core/timeout.hpp>

#include "db/mysql/connecting.hpp"
#include "db/mysql/conninfo/dsn.hpp"
#include "db/mysql/conninfo/parameters.hpp"
#include "db/mysql/session/startup.hpp"
#include "db/mysql/tls.hpp"
#include "db/tls_context.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace aio::mysql {

namespace detail {

namespace {

using conninfo::ConnectionParameters;
using conninfo::SslMode;

conninfo::Options options_of(std::string_view dsn, const ConnectOptions& given) {
    conninfo::Options options = conninfo::parse_dsn(dsn);
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) conninfo::set_option(options, name, std::string(value));
    };
    add("host", given.host);
    add("user", given.user);
    add("password", given.password);
    add("database", given.database);
    add("unix_socket", given.unix_socket);
    add("init_command", given.init_command);
    add("read_default_file", given.read_default_file);
    add("read_default_group", given.read_default_group);
    if (given.port) add("port", std::to_string(*given.port));
    if (given.autocommit) add("autocommit", *given.autocommit ? "true" : "false");
    if (given.local_infile) add("local_infile", "true");
    if (given.compress) add("compress", "true");
    if (given.statement_cache_size != ConnectOptions().statement_cache_size) {
        add("statement_cache_size", std::to_string(given.statement_cache_size));
    }
    return options;
}

std::string public_key_of(const std::string& path) {
    if (path.empty()) return {};
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad()) {
        throw_os_error(errno != 0 ? errno : EIO, "open the server's public key '" + path + "'");
    }
    return text;
}

TlsUse tls_use(SslMode mode) noexcept {
    if (mode == SslMode::disabled) return TlsUse::off;
    return mode == SslMode::preferred ? TlsUse::preferred : TlsUse::required;
}

SessionOptions session_options(ConnectionParameters parameters, const ConnectHooks& hooks, Sharing sharing) {
    SessionOptions session;
    const bool has_own_context = sharing.context != nullptr;
    session.tls = has_own_context ? TlsUse::required : tls_use(parameters.ssl_mode);
    session.context = has_own_context ? std::move(sharing.context) : tls_context(parameters);
    session.ask_password = hooks.password;
    session.host = std::move(parameters.host);
    session.port = parameters.port;
    session.unix_socket = std::move(parameters.unix_socket);
    session.user = std::move(parameters.user);
    session.password = std::move(parameters.password);
    session.database = std::move(parameters.database);
    session.server_public_key = public_key_of(parameters.server_public_key_path);
    session.get_server_public_key = parameters.get_server_public_key;
    session.local_files = parameters.local_infile;
    session.compress = parameters.compress;
    session.autocommit = parameters.autocommit;
    session.init_command = std::move(parameters.init_command);
    session.statement_cache_size = parameters.statement_cache_size;
    session.cancels = std::move(sharing.cancels);
    return session;
}

Coro<Connection> connect_to(ConnectionParameters parameters, ConnectHooks hooks, Sharing sharing,
                            std::optional<Duration> timeout) {
    if (parameters.connect_timeout) {
        const Duration given = *parameters.connect_timeout;
        timeout = timeout ? std::min(*timeout, given) : given;
    }
    const auto options =
        std::make_shared<const SessionOptions>(session_options(std::move(parameters), hooks, std::move(sharing)));
    auto open = [&options] { return open_session(options); };
    auto link = std::make_shared<Link>();
    link->session = co_await with_timeout(timeout, open);
    co_return Connection(std::move(link));
}

}  // namespace

Coro<Connection> connect_sharing(std::string_view dsn, const ConnectOptions& options, const ConnectHooks& hooks,
                                 Sharing sharing) {
    return connect_to(conninfo::resolve(options_of(dsn, options)), hooks, std::move(sharing), options.timeout);
}

}  // namespace detail

Coro<Connection> connect(std::string_view dsn, ConnectOptions options) {
    return connect(dsn, options, ConnectHooks());
}

Coro<Connection> connect(std::string_view dsn, ConnectOptions options, const ConnectHooks& hooks) {
    return detail::connect_sharing(dsn, options, hooks, {db::detail::tls_context(options.ssl), nullptr});
}

}  // namespace aio::mysql
