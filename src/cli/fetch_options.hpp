// What may stand behind `aiocpp fetch`, named as curl names it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace aio::cli {

struct FetchOptions {
    std::vector<std::string> urls = {};
    std::vector<std::string> inputs = {};  // files with a URL in each line; "-": standard input

    // Where it goes.
    std::vector<std::string> outputs = {};  // of the first URL, of the second...; "-": standard output
    bool remote_name = false;
    bool remote_header_name = false;
    std::string output_dir = {};
    bool include = false;  // the head of the answer before the body

    // What is asked.
    bool head = false;
    std::string method = {};
    std::vector<std::string> headers = {};  // "Name: value", "Name;" (empty), "Name:" (none)
    std::vector<std::string> data = {};     // "@FILE": its content
    std::string user = {};                  // "name:password"
    std::string user_agent = {};
    bool compressed = false;
    bool fail = false;
    bool no_location = false;

    // How.
    std::size_t concurrency = 10;
    bool resume = false;
    std::vector<std::string> checksums = {};  // "sha256:HEX", of the first URL, of the second...
    std::string checksum_file = {};
    unsigned retry = 0;
    double retry_delay = -1;  // seconds; negative: 1, 2, 4...
    double max_time = 0;      // seconds; 0: no limit. These two as well:
    double connect_timeout = 30;
    double read_timeout = 300;
    std::string proxy = {};
    std::string unix_socket = {};
    bool insecure = false;
    std::string cacert = {};
    bool silent = false;
    bool show_error = false;
};

// Adds the options to `command`, to be parsed into `options`, which outlives it.
void add_fetch_options(CLI::App& command, FetchOptions& options);

}  // namespace aio::cli
