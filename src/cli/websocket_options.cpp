// The options of `aiocpp ws` for CLI11: names, help texts, which of them exclude each other.
#include "cli/websocket_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/repeated_option.hpp"

namespace aio::cli {

namespace {

void add_common(CLI::App& command, WebSocketOptions& options) {
    add_repeated(command, "--origin", options.origins,
                 "Send this Origin header; with --serve: a site whose pages may connect, others may not")
        ->type_name("ORIGIN");
    add_repeated(command, "--subprotocol", options.subprotocols,
                 "Offer this subprotocol, the preferred one first; with --serve: support it")
        ->type_name("NAME");
    CLI::Validator names = CLI::IsMember({"deflate", "none"});
    names.description("");
    command.add_option("--compression", options.compression, "deflate, or none")
        ->capture_default_str()
        ->type_name("NAME")
        ->check(names);
}

void add_client(CLI::App& command, WebSocketOptions& options) {
    CLI::App& group = *command.add_option_group("Client");
    add_repeated(group, "-H,--header", options.headers, "Send this header in the opening handshake: 'Name: value'")
        ->type_name("LINE");
    group.add_flag("-k,--insecure", options.insecure, "Accept any server certificate");
    group.add_option("--cacert", options.cacert, "Trust the certificate authorities in this PEM file")
        ->type_name("FILE");
    group.add_option("-u,--user", options.user, "Credentials for the server")->type_name("NAME:PASSWORD");
    group.add_option("-x,--proxy", options.proxy, "Use this proxy, as fetch does")->type_name("URL");
    group.add_option("--unix-socket", options.unix_socket, "Connect to this Unix socket")->type_name("PATH");
    CLI::Validator range = CLI::Range(0.001, 1e9);
    range.description("");
    group.add_option("--connect-timeout", options.connect_timeout, "Time limit for the opening handshake")
        ->capture_default_str()
        ->type_name("SECONDS")
        ->check(range);
    group.add_flag("--no-close", options.no_close, "At the end of input, stay connected until the server closes");
    group.add_flag("--json", options.json, "Print each message, and the beginning and the end, as a line of JSON");
}

void add_server(CLI::App& command, WebSocketOptions& options) {
    CLI::App& group = *command.add_option_group("Server");
    CLI::Validator ports = CLI::Range(0, 65535);
    ports.description("");
    group.add_option("--serve", options.serve, "Be a server that listens on this port; 0: a free one")
        ->type_name("PORT")
        ->check(ports);
    group.add_option("-b,--bind", options.host, "The address to listen on; 0.0.0.0 is all of IPv4, :: all of IPv6")
        ->capture_default_str()
        ->type_name("ADDRESS");
    group.add_flag("--broadcast", options.broadcast, "Send each message to all clients, not only back");
    group.add_flag("-q,--quiet", options.quiet, "No log");
}

// One is a client's, the other a server's. CLI11's excludes() would be in the help of each option.
void check_roles(const CLI::App& command) {
    const bool serves = command.get_option("--serve")->count() > 0;
    for (const char* name : {"URL", "--header", "--insecure", "--cacert", "--user", "--proxy", "--unix-socket",
                             "--connect-timeout", "--no-close", "--json"}) {
        if (serves && command.get_option(name)->count() > 0) throw CLI::ExcludesError("--serve", name);
    }
    for (const char* name : {"--bind", "--broadcast", "--quiet"}) {
        if (!serves && command.get_option(name)->count() > 0) throw CLI::RequiresError(name, "--serve");
    }
}

}  // namespace

void add_websocket_options(CLI::App& command, WebSocketOptions& options) {
    command.add_option("URL", options.url, "The server to connect to; a URL without a scheme is ws://");
    add_common(command, options);
    add_client(command, options);
    add_server(command, options);
    command.callback([&command] { check_roles(command); });
    command.footer(
        "Each line of input is sent as a text message; Ctrl-D closes the connection. Incoming messages are printed\n"
        "after '< ', binary ones in hexadecimal. The exit status is 0 if the connection was closed with 1000 or "
        "1001,\n"
        "2 usage, 3 bad URL, 6 unknown host, 7 no connection, 22 refused by the server, 28 timeout, 56 closed in\n"
        "another way, 60 bad certificate, 130 Ctrl-C.");
}

}  // namespace aio::cli
