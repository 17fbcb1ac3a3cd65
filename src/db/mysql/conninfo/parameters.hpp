// What to connect to: each option checked and converted.
#pragma once

#include "db/mysql/conninfo/options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace aio::mysql::conninfo {

enum class SslMode : std::uint8_t { disabled, preferred, required, verify_ca, verify_identity };

struct ConnectionParameters {
    std::string host, unix_socket, user, password, database;
    int port = 3306;
    SslMode ssl_mode = SslMode::preferred;
    std::string ssl_ca, ssl_cert, ssl_key, ssl_crl, tls_version;
    bool get_server_public_key = false;
    std::string server_public_key_path;
    std::string init_command;
    std::optional<bool> autocommit = true;  // nothing: as the server has it
    bool local_infile = false, compress = false;
    std::size_t statement_cache_size = 100;
    std::optional<std::chrono::seconds> connect_timeout;
};

// Reads the option file that read_default_file names, if there is one. Errors: ConninfoError; OSError for a file that cannot be
// read.
ConnectionParameters resolve(Options options);

}  // namespace aio::mysql::conninfo
