// The lists host, hostaddr and port, and passwords from the password file (pass_file.cpp reads its lines).
#include "db/pg/conninfo/hosts.hpp"

#include "db/pg/conninfo/option_values.hpp"
#include "db/pg/conninfo/pass_file.hpp"

#include <algorithm>
#include <array>

namespace aio::pg::conninfo {

namespace {

constexpr std::string_view kSocketDirectory = "/run/postgresql";
// Where servers of distributions and of the PostgreSQL project put their sockets. Of the first two, one is a link.
constexpr std::array<std::string_view, 3> kSocketDirectories = {"/run/postgresql", "/var/run/postgresql", "/tmp"};

constexpr int kDefaultPort = 5432;

int port_of(std::string_view text) { return text.empty() ? kDefaultPort : parse_int("port", text, 1, 65535); }

}  // namespace

std::vector<Host> read_hosts(const Options& options) {
    const std::string host = text_value(options, "host"), hostaddr = text_value(options, "hostaddr");
    const std::string port = text_value(options, "port");
    const std::vector<std::string_view> names = split_list(host), addresses = split_list(hostaddr),
                                        ports = split_list(port);
    const std::size_t count = hostaddr.empty() ? names.size() : addresses.size();
    if (!host.empty() && names.size() != count) {
        throw ConninfoError("the connection option hostaddr has " + std::to_string(addresses.size()) +
                            " addresses, but host has " + std::to_string(names.size()) + " names; each needs one");
    }
    if (ports.size() != 1 && ports.size() != count) {
        throw ConninfoError("the connection option port has " + std::to_string(ports.size()) + " numbers for " +
                            std::to_string(count) + " hosts; give one for each, or one for all");
    }
    if (host.empty() && hostaddr.empty()) {
        const int number = port_of(ports[0]);
        return {
            {std::string(kSocketDirectory), "", number, ""}, {"/tmp", "", number, ""}, {"localhost", "", number, ""}};
    }
    std::vector<Host> hosts;
    for (std::size_t i = 0; i < count; ++i) {
        Host& each = hosts.emplace_back();
        if (!host.empty()) each.host = names[i];
        if (!hostaddr.empty()) each.hostaddr = addresses[i];
        if (each.host.empty() && each.hostaddr.empty()) each.host = kSocketDirectory;
        each.port = port_of(ports[ports.size() == 1 ? 0 : i]);
    }
    return hosts;
}

void find_passwords(ConnectionParameters& parameters, const Options& options, const Surroundings& surroundings) {
    if (const std::string password = text_value(options, "password"); !password.empty()) {
        for (Host& each : parameters.hosts) each.password = password;
        return;
    }
    std::string path = text_value(options, "passfile");
    if (path.empty() && surroundings.home.empty()) return;
    if (path.empty()) path = surroundings.home + "/.pgpass";
    const std::optional<FileText> file = surroundings.read_file(path);
    if (!file) return;
    if (std::optional<std::string> problem = pass_file_problem(path, file->mode)) {
        parameters.warnings.push_back(std::move(*problem));
        return;
    }
    for (Host& each : parameters.hosts) {
        std::string_view name = each.host.empty() ? each.hostaddr : each.host;
        if (std::ranges::find(kSocketDirectories, name) != kSocketDirectories.end()) name = "localhost";
        const std::string port = std::to_string(each.port);
        const PassFileKey key{name, port, parameters.database, parameters.user};
        if (std::optional<std::string> found = find_password(file->text, key)) each.password = std::move(*found);
    }
}

}  // namespace aio::pg::conninfo
