// What a client sends: one function a packet. Each appends a whole packet, and returns the sequence number of the answer.
//
// Source: MySQL 8.0 source documentation, "Connection Phase Packets", "Command Phase"; MariaDB knowledge base,
// "COM_STMT_BULK_EXECUTE".
#pragma once

#include "db/mysql/wire/capabilities.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::mysql::wire {

enum class Command : std::uint8_t {
    quit = 0x01,
    use_database = 0x02,
    query = 0x03,
    ping = 0x0e,
    prepare = 0x16,
    execute = 0x17,
    close_statement = 0x19,
    fetch = 0x1c,
    reset_connection = 0x1f,
    bulk_execute = 0xfa,
};

// A command and its text: SQL, the name of a database, or nothing.
std::uint8_t append_command(std::string& output, Command command, std::string_view text = {});

// Arguments of an execution, in the binary protocol.
struct Arguments {
    std::string_view nulls;   // a bit for each
    std::string_view types;   // two bytes for each
    std::string_view values;  // of those that are not NULL
};
// with_cursor: the rows are fetched later.
std::uint8_t append_execute(std::string& output, std::uint32_t statement, const Arguments& arguments,
                            bool with_cursor);
// For many sets of arguments at once; the values have their indicators in front. MariaDB only: kBulkStatements.
std::uint8_t append_bulk_execute(std::string& output, std::uint32_t statement, std::string_view types,
                                 std::string_view values);
std::uint8_t append_fetch(std::string& output, std::uint32_t statement, std::uint32_t rows);
// It has no answer.
void append_close_statement(std::string& output, std::uint32_t statement);
// A packet of any content: an answer during the authentication, or a part of a file.
std::uint8_t append_packet(std::string& output, std::uint8_t sequence, std::string_view payload);

struct Login {
    Capabilities capabilities = 0;
    std::string_view user, database, plugin;
    std::string_view proof;  // of the password, as the plugin wants it
    std::vector<std::pair<std::string_view, std::string_view>> attributes;
};
// The beginning of a login, behind which TLS begins.
std::uint8_t append_tls_request(std::string& output, std::uint8_t sequence, Capabilities capabilities);
std::uint8_t append_login(std::string& output, std::uint8_t sequence, const Login& login);

}  // namespace aio::mysql::wire
