#include "io/resolve.hpp"

#include <aio/base/error.hpp>
#include <aio/sync/threads.hpp>

#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

namespace aio::detail {

namespace {

struct Answer {
    int error = 0;  // EAI_*
    int system_error = 0;
    std::vector<RawAddress> addresses;
};

// Blocks.
Answer look_up(const std::string& host, int port, bool passive) {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
    addrinfo* found = nullptr;
    Answer answer;
    answer.error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
    answer.system_error = errno;
    if (answer.error != 0) return answer;
    for (const addrinfo* each = found; each; each = each->ai_next) {
        if (each->ai_addrlen > sizeof(sockaddr_storage)) continue;
        RawAddress& address = answer.addresses.emplace_back();
        std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
        address.length = each->ai_addrlen;
    }
    ::freeaddrinfo(found);
    return answer;
}

[[noreturn]] void throw_failed(const Answer& answer, const std::string& host) {
    const std::string what = "look up the address of '" + host + "'";
    if (answer.error == EAI_SYSTEM) throw_os_error(answer.system_error, what);
    throw GaiError(answer.error, what + ": " + ::gai_strerror(answer.error));
}

}  // namespace

Coro<std::vector<RawAddress>> resolve(std::string host, int port, bool passive) {
    if (std::optional<RawAddress> address = RawAddress::numeric(host, port)) {
        co_return std::vector<RawAddress>(1, *address);
    }
    Answer answer;
    if (host.empty()) {
        answer = look_up(host, port, passive);  // needs no name server
    } else {
        Future<Answer> lookup = get_running_loop().run_in_executor(nullptr, look_up, host, port, passive);
        answer = co_await std::move(lookup);
    }
    if (answer.error != 0) throw_failed(answer, host);
    co_return std::move(answer.addresses);
}

}  // namespace aio::detail
