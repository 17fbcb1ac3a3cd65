// The options of `aiocpp fetch` for CLI11: names, help texts, ranges. plan.cpp refuses combinations that exclude each
// other; request.cpp turns the options into a session and its requests.
#include "cli/fetch_options.hpp"

#include <CLI/CLI.hpp>

namespace aio::cli {

namespace {

using Texts = std::vector<std::string>;

// One value for each time it is given.
CLI::Option* add_repeated(CLI::App& command, const char* names, Texts& values, const char* help) {
    return command.add_option(names, values, help)->allow_extra_args(false)->type_size(1);
}

CLI::Option* add_seconds(CLI::App& command, const char* names, double& value, const char* help) {
    CLI::Validator range = CLI::Range(0.0, 1e9);
    range.description("");  // or it would stand in the help
    return command.add_option(names, value, help)->type_name("SECONDS")->check(range);
}

void add_output(CLI::App& command, FetchOptions& options) {
    add_repeated(command, "-o,--output", options.outputs,
                 "Store under this name (- is standard output); the second -o is for the second URL")
        ->type_name("FILE");
    command.add_flag("-O,--remote-name", options.remote_name, "Store under the URL's own name");
    command.add_flag("-J,--remote-header-name", options.remote_header_name,
                     "Store under the name that the server gives; never over another file");
    command.add_option("--output-dir", options.output_dir, "Store in this directory, which is made if need be")
        ->type_name("DIR");
    command.add_flag("-i,--include", options.include, "Show the answer's headers before its body");
    command.add_flag("-s,--silent", options.silent, "Print nothing but the bodies, not even errors");
    command.add_flag("-S,--show-error", options.show_error, "With -s: errors all the same");
}

void add_request(CLI::App& command, FetchOptions& options) {
    command.add_flag("-I,--head", options.head, "Ask for the headers only, and show them");
    command.add_option("-X,--request", options.method, "The method; default: GET, with -d POST")->type_name("METHOD");
    add_repeated(command, "-H,--header", options.headers, "Send this header: 'Name: value'; 'Name:' sends none")
        ->type_name("LINE");
    add_repeated(command, "-d,--data", options.data,
                 "Send this as a form; @FILE: its content. Pieces are joined by &")
        ->type_name("DATA");
    command.add_option("-u,--user", options.user, "Credentials")->type_name("NAME:PASSWORD");
    command.add_option("-A,--user-agent", options.user_agent, "What to call itself")->type_name("NAME");
    command.add_flag("--compressed", options.compressed, "Ask for packed bodies, and unpack them");
    command.add_flag("-f,--fail", options.fail, "Exit with 22 for a status of 400 and above, and show no body");
    command.add_flag_callback(
        "-L,--location", [&options] { options.no_location = false; }, "Follow redirects: the default");
    command.add_flag("--no-location", options.no_location, "Do not follow redirects");
}

void add_transfer(CLI::App& command, FetchOptions& options) {
    command.add_option("-c,--concurrency", options.concurrency, "How many files at the same time")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 10'000));
    command
        .add_option_function<std::string>(
            "-C,--continue-at",
            [&options](const std::string& at) {
                if (at != "-") {
                    throw CLI::ValidationError("-C", "takes only '-': where to go on is found by itself");
                }
                options.resume = true;
            },
            "-C -: go on with what an interrupted fetch has left")
        ->type_name("-");
    command.add_flag("--continue", options.resume, "The same as -C -");
    add_repeated(command, "--checksum", options.checksums, "What the bytes must have: sha256:HEX (sha512, sha1, md5)")
        ->type_name("ALGORITHM:HEX");
    command
        .add_option("--checksums", options.checksum_file, "A file as sha256sum writes it, with a line for each name")
        ->type_name("FILE");
    command.add_option("--retry", options.retry, "Try again so many times what may succeed later")->type_name("N");
    add_seconds(command, "--retry-delay", options.retry_delay, "Between these; default: 1, 2, 4...");
}

void add_network(CLI::App& command, FetchOptions& options) {
    add_seconds(command, "--max-time", options.max_time, "For each URL; default: no limit");
    add_seconds(command, "--connect-timeout", options.connect_timeout, "Until there is a connection")
        ->capture_default_str();
    add_seconds(command, "--read-timeout", options.read_timeout, "Without a byte from the server; 0: no limit")
        ->capture_default_str();
    command.add_option("-x,--proxy", options.proxy, "An HTTP proxy; default: http_proxy, https_proxy, all_proxy")
        ->type_name("URL");
    command.add_option("--unix-socket", options.unix_socket, "Connect to this socket")->type_name("PATH");
    command.add_flag("-k,--insecure", options.insecure, "Accept any certificate");
    command.add_option("--cacert", options.cacert, "Trust the authorities in this PEM file")->type_name("FILE");
}

}  // namespace

void add_fetch_options(CLI::App& command, FetchOptions& options) {
    command.add_option("URL", options.urls, "http:// if it does not say");
    add_repeated(command, "--input", options.inputs, "More URLs: one a line, # begins a comment; - is standard input")
        ->type_name("FILE");
    add_output(command, options);
    add_request(command, options);
    add_transfer(command, options);
    add_network(command, options);
    command.footer(
        "One URL goes to standard output, several are stored under their own names, in NAME.part until they are\n"
        "complete. Exit status: 0 all done, 2 usage, 3 a bad URL, 6 unknown host, 7 no connection, 18 cut short,\n"
        "22 the server refused, 23 cannot write, 28 timed out, 60 bad certificate, 99 wrong checksum, 130 Ctrl-C:\n"
        "as curl's; that of the first URL that failed.");
}

}  // namespace aio::cli
