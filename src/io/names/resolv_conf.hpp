// What resolv.conf says: which name servers are asked, and how. c-ares 1.18 reads the file once and ignores two of its
// options (timeout, attempts), and without a descriptor to read it takes it for empty: so it is read here.
#pragma once

#include <aio/core/time.hpp>

#include "io/address/raw_address.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace aio::detail {

struct ResolvConf {
    std::vector<RawAddress> servers;   // with ports; at least one
    std::vector<std::string> domains;  // the search list
    int ndots = 1;
    Duration timeout = std::chrono::seconds(5);  // for the first answer
    int attempts = 2;                            // of each server
    bool rotate = false;
    bool tcp = false;
};

// Lines and options that are not known, or wrong, are ignored, as by glibc; so are the limits: 30 seconds, 5 attempts, 15
// dots. LOCALDOMAIN and RES_OPTIONS of the environment come after the file. Source: resolv.conf(5).
ResolvConf parse_resolv_conf(std::string_view text);

// "192.0.2.1,192.0.2.2:5353,[2001:db8::1]:53,fe80::1%eth0"; port 53 where none is given.
// Errors: ValueError, which names the entry that is no address, or has no port from 1 to 65535.
std::vector<RawAddress> parse_servers(std::string_view servers);

// A file in that format, read anew when it has changed.
class ResolvConfFile {
public:
    explicit ResolvConfFile(std::string path) : path_(std::move(path)) {}

    // What it says now. A file that is not there is empty. One that cannot be read (no descriptor, no memory) says what
    // it said last. Valid until the next call. Errors: OSError when it was never read; std::bad_alloc.
    const ResolvConf& get();

private:
    bool changed() noexcept;

    const std::string path_;
    ResolvConf conf_;
    bool known_ = false;  // it was read once
    bool fresh_ = false;  // and not changed since
    bool exists_ = false;
    struct stat status_ = {};  // of what conf_ was read from, if it exists
};

}  // namespace aio::detail
