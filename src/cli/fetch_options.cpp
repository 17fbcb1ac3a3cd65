// The options of `aiocpp fetch` for CLI11: names, help texts, ranges. plan.cpp refuses combinations that exclude each
// other; request.cpp turns the options into a session and its requests.
#include "cli/fetch_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/repeated_option.hpp"

namespace aio::cli {

namespace {

CLI::Option* add_seconds(CLI::App& command, const char* names, double& value, const char* help) {
    CLI::Validator range = CLI::Range(0.0, 1e9);
    range.description("");  // or it would stand in the help
    return command.add_option(names, value, help)->type_name("SECONDS")->check(range);
}

void add_output(CLI::App& command, FetchOptions& options) {
    add_repeated(command, "-o,--output", options.outputs,
                 "Write to this file (- is standard output); the second -o is for the second URL")
        ->type_name("FILE");
    command.add_flag("-O,--remote-name", options.remote_name, "Name the file after the last part of the URL");
    command.add_flag("-J,--remote-header-name", options.remote_header_name,
                     "Use the file name that the server sends; never replace a file");
    command.add_option("--output-dir", options.output_dir, "Write files to this directory; it is created if missing")
        ->type_name("DIR");
    command.add_flag("-i,--include", options.include, "Show the response headers before the body");
    command.add_flag("-s,--silent", options.silent, "Print nothing but the bodies, not even errors");
    command.add_flag("-S,--show-error", options.show_error, "With -s: show errors nevertheless");
}

void add_request(CLI::App& command, FetchOptions& options) {
    command.add_flag("-I,--head", options.head, "Request only the headers, and show them");
    command.add_option("-X,--request", options.method, "The request method; default: GET, or POST with -d")
        ->type_name("METHOD");
    add_repeated(command, "-H,--header", options.headers,
                 "Send this header: 'Name: value'; 'Name:' omits a default one")
        ->type_name("LINE");
    add_repeated(command, "-d,--data", options.data,
                 "Send this form data; @FILE reads it from FILE. Several are joined with &")
        ->type_name("DATA");
    command.add_option("-u,--user", options.user, "Credentials for the server")->type_name("NAME:PASSWORD");
    command.add_option("-A,--user-agent", options.user_agent, "The User-Agent header")->type_name("NAME");
    command.add_flag("--compressed", options.compressed, "Request compressed responses, and decompress them");
    command.add_flag("-f,--fail", options.fail, "Exit with 22 for a status of 400 or above, and show no body");
    command.add_flag_callback(
        "-L,--location", [&options] { options.no_location = false; }, "Follow redirects (the default)");
    command.add_flag("--no-location", options.no_location, "Do not follow redirects");
}

void add_transfer(CLI::App& command, FetchOptions& options) {
    command.add_option("-c,--concurrency", options.concurrency, "Download this many files at a time")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 10'000));
    command
        .add_option_function<std::string>(
            "-C,--continue-at",
            [&options](const std::string& at) {
                if (at != "-") {
                    throw CLI::ValidationError("-C", "takes only '-': the offset is found automatically");
                }
                options.resume = true;
            },
            "Resume what an interrupted fetch has left")
        ->type_name("-");
    command.add_flag("--continue", options.resume, "The same as -C -");
    add_repeated(command, "--checksum", options.checksums, "The expected checksum: sha256:HEX (or sha512, sha1, md5)")
        ->type_name("ALGORITHM:HEX");
    command.add_option("--checksums", options.checksum_file, "A file of checksums, as sha256sum writes it")
        ->type_name("FILE");
    command.add_option("--retry", options.retry, "Retry this many times if an error may be temporary")
        ->type_name("N");
    add_seconds(command, "--retry-delay", options.retry_delay, "Wait between retries; default: 1, 2, 4...");
}

void add_network(CLI::App& command, FetchOptions& options) {
    add_seconds(command, "--max-time", options.max_time, "Time limit for each URL; default: none");
    add_seconds(command, "--connect-timeout", options.connect_timeout, "Time limit for connecting")
        ->capture_default_str();
    add_seconds(command, "--read-timeout", options.read_timeout, "Time limit without a byte from the server; 0: none")
        ->capture_default_str();
    command
        .add_option(
            "-x,--proxy", options.proxy,
            "Use this proxy: http://, https://, socks5h://, socks5://, socks4a://, socks4://; default: http_proxy, "
            "https_proxy, socks_proxy, all_proxy")
        ->type_name("URL");
    command.add_option("--unix-socket", options.unix_socket, "Connect to this Unix socket")->type_name("PATH");
    command.add_flag("-k,--insecure", options.insecure, "Accept any server certificate");
    command.add_option("--cacert", options.cacert, "Trust the certificate authorities in this PEM file")
        ->type_name("FILE");
}

}  // namespace

void add_fetch_options(CLI::App& command, FetchOptions& options) {
    command.add_option("URL", options.urls, "What to fetch; a URL without a scheme is http://");
    add_repeated(command, "--input", options.inputs,
                 "Read more URLs: one per line, # begins a comment; - is standard input")
        ->type_name("FILE");
    add_output(command, options);
    add_request(command, options);
    add_transfer(command, options);
    add_network(command, options);
    command.footer(
        "A single URL is written to standard output; several are stored under their own names, each as\n"
        "NAME.part until it is complete. The exit status is that of the first URL that failed, as in curl:\n"
        "0 success, 2 usage, 3 bad URL, 6 unknown host, 7 no connection, 18 incomplete, 22 refused by the server,\n"
        "23 cannot write, 28 timeout, 60 bad certificate; also 99 wrong checksum, 130 Ctrl-C.");
}

}  // namespace aio::cli
