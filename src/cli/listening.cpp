// Addresses to listen on.
#include "cli/listening.hpp"

#include <cerrno>

namespace aio::cli {

std::string bare_host(std::string host) {
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

std::string listening_advice(const OSError& error, const std::string& port_option) {
    switch (error.code()) {
        case EADDRINUSE:
            return "\n  Another program is listening there: choose another " + port_option + ", or " + port_option +
                   " 0 for a free one.";
        case EADDRNOTAVAIL: return "\n  --bind needs an address of this machine, or 0.0.0.0 for all of them.";
        case EACCES: return "\n  Ports below 1024 are privileged: choose another " + port_option + ".";
        default: return "";
    }
}

}  // namespace aio::cli
